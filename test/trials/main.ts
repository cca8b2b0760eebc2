/**
 * Trials: `npm run trials -- [name …]`, all by default. Each tries a promise against real processes for minutes or hours, and
 * rewrites its own section of test/trials/RESULTS.md (not with `--dry`). Ends with 1 where a promise was broken.
 */
import { cpus, totalmem } from 'node:os';
import { writeSection } from '../support/results-file.ts';
import { trials } from './registry.ts';
import type { Trial } from './trial.ts';

const words = process.argv.slice(2);
const dry = words.includes('--dry');
const scale = words.includes('--smoke') ? 'smoke' : 'full';
const named = words.filter((word) => !word.startsWith('--'));
for (const [name, trial] of Object.entries<Trial>(trials)) {
  if (named.length && !named.includes(name)) continue;
  const start = performance.now();
  const { broken, section, skipped } = await trial.run(scale);
  if (skipped !== undefined) {
    console.error(`SKIPPED ${name}: ${skipped}`);
    continue;
  }
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? '?'}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  const verdict = broken.length
    ? `Broken ${broken.length} times:\n\n${broken.map((one) => `- ${one}`).join('\n')}`
    : '';
  const text = `## ${name}\n\n${trial.promise}\n\n${section}\n\n${verdict}\n\n${minutes} minutes on ${machine}, ${new Date().toISOString().slice(0, 10)}.`;
  console.log(text);
  if (!dry) await writeSection('test/trials/RESULTS.md', '# Trials', { name, text });
  if (broken.length) process.exitCode = 1;
}
