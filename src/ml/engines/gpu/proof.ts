import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { nodeArguments } from '../../../util/own-module.ts';
import { lastWords, runProgram, type ProgramEnd } from '../../../util/run-program.ts';
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
 * Trains a small network with an engine, and with the reference engine, in a process of its own.
 *
 * @param name - of the registry
 * @param how - how it is started
 * @param how.env - variables that the process gets
 * @param how.args - arguments of node before the name; the built program by default
 * @returns its end: 0 where both agree, {@link DIFFERENT} where they do not; its output says how the engine describes itself
 */
export function tryOut(
  name: string,
  {
    env,
    args = nodeArguments(child),
  }: { readonly env?: Readonly<Record<string, string>>; readonly args?: readonly string[] },
): Promise<ProgramEnd> {
  return runProgram(process.execPath, [...args, name], {
    cwd: tmpdir(),
    env: { NODE_OPTIONS: '', ...env },
    patience: PATIENCE,
  });
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
  args?: readonly string[],
): Promise<string | undefined> {
  const facts = factsOf(name, engine);
  const file = verdictFile(facts);
  const kept = readVerdict(file);
  if (kept === 'good') return undefined;
  if (kept === 'bad') return 'it failed its self-test on this GPU';
  const { status, said } = await tryOut(name, { ...(args && { args }) });
  if (status === 0 || status === DIFFERENT) keepVerdict(file, status === 0 ? 'good' : 'bad', facts);
  if (status === 0) return undefined;
  return status === DIFFERENT
    ? 'it failed its self-test on this GPU'
    : `its self-test ended early: ${lastWords(said, 1)}`;
}
