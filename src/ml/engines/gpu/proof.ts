import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { nodeArguments } from '../../../util/own-module.ts';
import { lastWords, runProgram } from '../../../util/run-program.ts';
import { keepVerdict, readVerdict, verdictFile, type Facts } from '../../../util/verdicts.ts';
import type { Engine } from '../engine.ts';

/** How long the child may take: drivers compile for new GPUs. Milliseconds. */
const PATIENCE = 300_000;
/** What the child exits with whose results differ. */
export const DIFFERENT = 3;

const child = { source: new URL('prove.ts', import.meta.url), built: 'dist/ml/engines/gpu/prove.js' };

/** The driver's version where it says it in a file. */
function driver(): string {
  try {
    return readFileSync('/proc/driver/nvidia/version', 'utf8').split('\n')[0] ?? '';
  } catch {
    return '';
  }
}

/** What a verdict holds for: the engine as it describes itself (device, versions), and the driver. */
function factsOf(name: string, { description }: Pick<Engine, 'description'>): Facts {
  const said = Object.entries(description).map(([key, value]) => [key, String(value)] as const);
  return { ...Object.fromEntries(said), of: `the ${name} engine on a GPU`, driver: driver() };
}

/**
 * Whether an engine trains as the reference engine does: a child process tries a small network, once for each device, driver and
 * version, and its verdict is kept.
 *
 * @param name - of the registry
 * @param engine - what was made of it
 * @param args - how the child is started
 * @returns what is wrong, a half sentence; undefined where nothing is
 */
export async function obstacleOn(
  name: string,
  engine: Pick<Engine, 'description'>,
  args: readonly string[] = nodeArguments(child),
): Promise<string | undefined> {
  const facts = factsOf(name, engine);
  const file = verdictFile(facts);
  const kept = readVerdict(file);
  if (kept === 'good') return undefined;
  if (kept === 'bad') return 'it failed its self-test on this GPU';
  const { status, said } = await runProgram(process.execPath, [...args, name], {
    cwd: tmpdir(),
    env: { NODE_OPTIONS: '' },
    patience: PATIENCE,
  });
  if (status === 0 || status === DIFFERENT) keepVerdict(file, status === 0 ? 'good' : 'bad', facts);
  if (status === 0) return undefined;
  return status === DIFFERENT
    ? 'it failed its self-test on this GPU'
    : `its self-test ended early: ${lastWords(said, 1)}`;
}
