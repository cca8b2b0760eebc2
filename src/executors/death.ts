import type { Failure } from '../core/failure.ts';
import { isCrash } from '../util/crash.ts';
import { tailOf } from '../util/last-lines.ts';

/** How a process ended. */
export interface Exit {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
}

/** Lines of Node's last words that help nobody: addresses, and the frame around what V8 says. */
const noise = /^\s*\d+: 0x|^-+ (Native|JavaScript) stack trace -+$|^#\s*$|^#FailureMessage Object|^\s*$/;

/**
 * What a process said before it died.
 *
 * @param output - the end of all that it said
 * @returns the last lines that say something, oldest first
 */
export function lastWords(output: string): readonly string[] {
  return tailOf(output, Infinity)
    .filter((line) => !noise.test(line))
    .slice(-20);
}

/** What to try, by how it died and what it said. */
function advice({ signal }: Exit, words: readonly string[]): string | undefined {
  if (words.some((line) => line.includes('heap out of memory')))
    return 'give it more memory, as NODE_OPTIONS=--max-old-space-size=8192 (MiB), or run fewer stages at once (-j 1)';
  if (signal === 'SIGKILL')
    return 'if nobody killed it, the machine was probably out of memory: run fewer stages at once (-j 1), or take a smaller batch_size';
  if (isCrash(signal))
    return `another version of Node than ${process.versions.node} may mend it, or asking less of this one: KDPIPE_NATIVE=off, then KDPIPE_WASM=simd`;
  return undefined;
}

/**
 * Says that a worker process died, how, and what to try.
 *
 * @param exit - how it ended
 * @param words - from {@link lastWords}
 * @returns the failure of each task that it had
 */
export function deathFailure(exit: Exit, words: readonly string[]): Failure {
  const { exitCode, signal } = exit;
  const how = signal === undefined ? `exited with code ${exitCode ?? 'unknown'}` : `was killed by ${signal}`;
  const fix = advice(exit, words);
  return {
    code: 'worker-died',
    message: `the worker process that ran it ${how}`,
    ...(fix === undefined ? {} : { fix }),
  };
}
