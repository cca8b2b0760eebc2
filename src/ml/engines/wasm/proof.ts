import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpus, tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { assetPath } from '../../../util/package-root.ts';
import { keepVerdict, readVerdict, verdictFile, type Facts, type Verdict } from '../../../util/verdicts.ts';
import type { KernelBuild } from './kernel-build.ts';

/** How long a child may take before nothing is said by it; a tenth of a second is usual. Milliseconds. */
const PATIENCE = 60_000;
/** What a child exits with whose results differ. */
export const DIFFERENT = 3;
/** Signals by which a child ends that has met a bug of V8, as against one that somebody ended. */
const BUGS: readonly (string | null)[] = ['SIGTRAP', 'SIGILL', 'SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGABRT'];

/**
 * The two ways in which V8's optimising compiler comes to a kernel, each of which is tried by a child. Given at the start:
 * V8 works out what a flag means for others only then. Switching its quick compiler off later kills the V8 of Node 26.
 */
const WAYS: readonly (readonly string[])[] = [
  // Every kernel, at once.
  ['--no-liftoff', '--no-wasm-lazy-compilation'],
  // Those that run, by what was seen while they ran, as in a long training.
  ['--wasm-tiering-budget=1', '--wasm-sync-tier-up'],
];

/** Runs a child with flags of V8; a verdict where there is one in how it ended. */
export type Try = (flags: readonly string[], build: Pick<KernelBuild, 'simd'>) => Verdict | undefined;

/** Arguments of `node` that start the child: the bundle, or the sources where this module itself is run from them. */
function childArguments(): readonly string[] {
  const here = fileURLToPath(import.meta.url);
  if (!here.endsWith('.ts')) return [assetPath('dist/ml/engines/wasm/prove.js')];
  return ['--import', import.meta.resolve('tsx'), fileURLToPath(new URL('prove.ts', import.meta.url))];
}

const tryInChild: Try = (flags, { simd }) => {
  const { error, status, signal } = spawnSync(process.execPath, [...flags, ...childArguments(), simd], {
    // Not where a core would stand in the user's way, nor with what is meant for this process alone.
    cwd: tmpdir(),
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: 'ignore',
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
  });
  if (error) return undefined;
  if (status === 0) return 'good';
  return status === DIFFERENT || BUGS.includes(signal) ? 'bad' : undefined;
};

function factsOf({ simd, bytes }: KernelBuild): Facts {
  const { node, v8 } = process.versions;
  const kernels = createHash('sha256').update(bytes).digest('hex');
  const processor = cpus()[0]?.model ?? '';
  return { of: 'joined vectors', node, v8, arch: process.arch, processor, simd, kernels };
}

/**
 * Where the verdict on joined vectors is kept.
 *
 * @param build - of the kernels
 * @returns the file; null where nothing can be kept
 */
export function joiningVerdict(build: KernelBuild): string | null {
  return verdictFile(factsOf(build));
}

/**
 * Whether this V8, on this processor, joins the vectors of the kernels without harm: children have trained with and
 * without, lived through it and got the same bits. They run once for each version, processor and build, then their verdict
 * is kept. Two processes that ask at once both try, and find the same.
 *
 * @param build - of the kernels
 * @param attempt - runs a child
 * @returns false also where it could not be found out
 */
export function joiningIsProven(build: KernelBuild, attempt: Try = tryInChild): boolean {
  const file = joiningVerdict(build);
  const kept = readVerdict(file);
  if (kept !== undefined) return kept === 'good';
  for (const flags of WAYS) {
    const verdict = attempt(flags, build);
    if (verdict === 'bad') keepVerdict(file, 'bad', { ...factsOf(build), tried: flags.join(' ') });
    if (verdict !== 'good') return false;
  }
  keepVerdict(file, 'good', factsOf(build));
  return true;
}
