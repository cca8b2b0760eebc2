import { tmpdir } from 'node:os';
import { nodeArguments } from '../../../util/own-module.ts';
import { lastWords, runProgram } from '../../../util/run-program.ts';

/** How long the child may take; a second is usual, some on a GPU. Milliseconds. */
const PATIENCE = 120_000;
/** What the child exits with whose results differ. */
export const DIFFERENT = 3;

/** What was found out. */
export interface Proof {
  /** TensorFlow's. */
  readonly version: string;
  /** Whether it computes on a GPU. */
  readonly gpu: boolean;
}

const child = { source: new URL('prove.ts', import.meta.url), built: 'dist/ml/engines/tensorflow/prove.js' };

/** Variables with which TensorFlow says nothing but errors, and takes a GPU's memory as it needs it. */
export const SETTINGS = { TF_CPP_MIN_LOG_LEVEL: '2', TF_FORCE_GPU_ALLOW_GROWTH: 'true' } as const;

/**
 * Tries an installation out in a process of its own.
 *
 * @param module - path of the module
 * @returns which TensorFlow computes right, or what went wrong: a half sentence
 */
export async function proveModule(module: string): Promise<Proof | { readonly wrong: string }> {
  const { status, output, said } = await runProgram(process.execPath, [...nodeArguments(child), module], {
    cwd: tmpdir(),
    env: { NODE_OPTIONS: '', ...SETTINGS },
    patience: PATIENCE,
  });
  // Our own process writes it.
  if (status === 0) return JSON.parse(output) as Proof;
  if (status === DIFFERENT) return { wrong: 'a product of matrices is not what it should be' };
  return { wrong: `its process ended${status === null ? '' : ` with ${status}`}: ${lastWords(said, 3)}` };
}
