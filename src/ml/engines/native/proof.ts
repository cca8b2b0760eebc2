import { spawnSync } from 'node:child_process';
import { cpus, tmpdir } from 'node:os';
import { isCrash } from '../../../util/crash.ts';
import { nodeArguments } from '../../../util/own-module.ts';
import { keepVerdict, readVerdict, verdictFile, type Facts, type Verdict } from '../../../util/verdicts.ts';
import type { NativeKernels } from './library.ts';

/** How long the child may take before nothing is said by it; a third of a second is usual. Milliseconds. */
const PATIENCE = 60_000;
/** What the child exits with whose results differ. */
export const DIFFERENT = 3;

/** What is to be proven. */
export interface Provable {
  readonly kernels: NativeKernels;
  /** SHA-256 of the library. */
  readonly digest: string;
}

/** Runs the child; a verdict where there is one in how it ended. */
export type Try = () => Verdict | undefined;

const child = { source: new URL('prove.ts', import.meta.url), built: 'dist/ml/engines/native/prove.js' };

const tryInChild: Try = () => {
  const { error, status, signal } = spawnSync(process.execPath, nodeArguments(child), {
    // Not where a core would stand in the user's way, nor with what is meant for this process alone.
    cwd: tmpdir(),
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: 'ignore',
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
  });
  if (error) return undefined;
  if (status === 0) return 'good';
  return status === DIFFERENT || isCrash(signal) ? 'bad' : undefined;
};

function factsOf({ kernels, digest }: Provable): Facts {
  return { of: 'native kernels', arch: process.arch, processor: cpus()[0]?.model ?? '', kernels, library: digest };
}

/**
 * Where the verdict on native kernels is kept.
 *
 * @param what - the kernels
 * @returns the file; null where nothing can be kept
 */
export const nativeVerdict = (what: Provable): string | null => verdictFile(factsOf(what));

/** What was found out in this process: where no verdict can be kept, not every engine asks for one. */
const found = new Map<string, boolean>();

/**
 * Whether native kernels do on this processor what those in WebAssembly do: a child has trained with both, lived through
 * it, and got the same bits. It runs once for each library and processor, then its verdict is kept. Two processes that ask
 * at once both try, and find the same.
 *
 * @param what - the kernels
 * @param attempt - runs the child
 * @returns false also where it could not be found out
 */
export function nativeIsProven(what: Provable, attempt: Try = tryInChild): boolean {
  const file = nativeVerdict(what);
  const kept = readVerdict(file);
  if (kept !== undefined) return kept === 'good';
  const key = `${what.kernels} ${what.digest}`;
  const before = found.get(key);
  if (before !== undefined) return before;
  const verdict = attempt();
  if (verdict !== undefined) keepVerdict(file, verdict, factsOf(what));
  found.set(key, verdict === 'good');
  return verdict === 'good';
}
