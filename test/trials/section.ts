import { cpus, tmpdir, totalmem } from 'node:os';
import { hide, type Sum } from './sum.ts';
import type { Trial } from './trial.ts';

/** Where trials put their projects, as far as `TMPDIR` says. */
export const place = (): string => (tmpdir().startsWith('/dev/shm') ? 'in memory' : 'on a disk');

/**
 * Tells what came of a trial.
 *
 * @param name - of the trial
 * @param trial - it
 * @param sum - what its parts came to
 * @returns a section of RESULTS.md, in Markdown, from which the sum can be read again
 */
export function section(name: string, { promise, tell }: Trial, sum: Sum): string {
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? '?'}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  const { broken, minutes, counts } = sum;
  const verdict = broken.length
    ? `Broken ${broken.length} times:\n\n${broken.map((one) => `- ${one}`).join('\n')}`
    : '';
  const all = Object.values(minutes).reduce((total, one) => total + one, 0);
  const places = Object.entries(minutes).map(([place, one]) => `${one.toFixed(1)} with projects ${place}`);
  const when = `${all.toFixed(1)} minutes (${places.join(', ')}) on ${machine}, ${new Date().toISOString().slice(0, 10)}.`;
  return [`## ${name}`, promise, tell(counts), verdict, when, hide(sum)].filter(Boolean).join('\n\n');
}
