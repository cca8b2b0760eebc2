import { tmpdir } from 'node:os';
import { nodeArguments } from '../../../util/own-module.ts';
import { lastWords, runProgram, type ProgramEnd } from '../../../util/run-program.ts';
import { keepVerdict, readVerdict, verdictFile } from '../../../util/verdicts.ts';
import type { Engine } from '../engine.ts';
import { DIFFERENT, UNAVAILABLE } from './ends.ts';
import { factsOf, PROVE } from './facts.ts';

/** How long the child may take: drivers compile for new GPUs. Milliseconds. */
const PATIENCE = 300_000;

/** How the child is started. */
export interface Trial {
  /** Variables that it gets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of node before the name; the built program by default. */
  readonly args?: readonly string[];
  /** Whether a verdict that is kept will do. */
  readonly trusting?: boolean;
}

/**
 * Trains a small network with an engine, and with the reference engine, in a process of its own.
 *
 * @param name - of the registry
 * @param trial - how it is started
 * @returns its end: 0 where both agree, {@link DIFFERENT} where they do not, {@link UNAVAILABLE} where the engine cannot run; its
 *   output is JSON: how the engine describes itself, or why it cannot run
 */
export function tryOut(name: string, trial: Trial): Promise<ProgramEnd> {
  const { env, args = nodeArguments(PROVE), trusting = false } = trial;
  return runProgram(process.execPath, [...args, name, ...(trusting ? ['trusting'] : [])], {
    cwd: tmpdir(),
    env: { NODE_OPTIONS: '', ...env },
    patience: PATIENCE,
  });
}

const FAILED = 'it failed its self-test';

/** What an end says against an engine that was made, a half sentence; undefined where nothing. */
function objection({ status, said }: ProgramEnd): string | undefined {
  if (status === 0) return undefined;
  return status === DIFFERENT ? FAILED : `its self-test ended early: ${lastWords(said, 1)}`;
}

/**
 * Whether an engine trains as the reference engine does: a child process tries a small network and every primitive, once for each
 * device, driver, version of the engine and of kdpipe's own, and its verdict is kept.
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
  const facts = factsOf(name, engine.description);
  const file = verdictFile(facts);
  const kept = readVerdict(file);
  if (kept !== undefined) return kept === 'good' ? undefined : FAILED;
  const end = await tryOut(name, { ...(args && { args }) });
  if (end.status === 0 || end.status === DIFFERENT) keepVerdict(file, end.status === 0 ? 'good' : 'bad', facts);
  return objection(end);
}

/**
 * Whether an engine can run here, and has proven itself, or does so now: all in a child process, so that this one loads nothing of it.
 *
 * @param name - of the registry
 * @param args - how the child is started
 * @returns what is in its way, a half sentence; undefined where nothing is
 */
export async function obstacleHere(name: string, args?: readonly string[]): Promise<string | undefined> {
  const end = await tryOut(name, { trusting: true, ...(args && { args }) });
  // Our own process writes it.
  if (end.status === UNAVAILABLE) return (JSON.parse(end.output) as { readonly unavailable: string }).unavailable;
  return objection(end);
}
