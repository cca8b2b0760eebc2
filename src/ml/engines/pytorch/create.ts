import { assetPath } from '../../../util/package-root.ts';
import type { EngineOptions, EngineResult } from '../engine.ts';
import { CompiledEngine } from '../session.ts';
import { Channel, type Ended } from './channel.ts';
import { PyTorchExecutor, type Introduction } from './executor.ts';
import { PYTORCH_TARGET } from './target.ts';

/**
 * The Python that is asked for, or the first one on the path.
 *
 * @returns its command
 */
export const pythonOf = (): string =>
  process.env['KDPIPE_PYTHON'] ?? (process.platform === 'win32' ? 'python' : 'python3');

/** Arguments of Python: the program, and answers that are not held back. */
export const PROGRAM: readonly string[] = ['-u', assetPath('src/ml/engines/pytorch/program.py')];

/**
 * Asks the program who it is.
 *
 * @param channel - to it
 * @param options - threads of a CPU; output channels of a filter panel, the target's by default
 * @param options.threads - at least 1
 * @param options.panel - as `Target.panel`
 * @returns versions and device, or how it ended instead
 */
export function introduced(
  channel: Channel,
  { threads, panel = PYTORCH_TARGET.panel }: { readonly threads: number; readonly panel?: number },
): Introduction | Ended {
  const answer = channel.ask({ request: 'hello', panel, threads });
  // Our own program says it.
  return 'ended' in answer ? answer : (answer.header as unknown as Introduction);
}

/** Why there is no PyTorch: a half sentence. */
function reasonOf(python: string, { ended, said }: Ended): string {
  if (ended === 'ENOENT') return `there is no ${python} (KDPIPE_PYTHON names a Python that has torch)`;
  const [last = ''] = said.split('\n').slice(-1);
  if (last.includes("No module named 'torch'"))
    return `${python} has no torch (pip install torch, or KDPIPE_PYTHON names a Python that has it)`;
  return `${python} ended with ${ended}${last && `: ${last}`}`;
}

/**
 * Makes the pytorch engine: a process of Python with torch, on the best device that torch has.
 *
 * @param options - memory is the device's
 * @param options.threads - of a CPU
 * @returns the engine, or why it cannot run here
 */
export async function createPyTorch({ threads }: EngineOptions): Promise<EngineResult> {
  const python = pythonOf();
  const channel = new Channel({ command: python, args: PROGRAM });
  const introduction = introduced(channel, { threads });
  if ('ended' in introduction) {
    await channel.close();
    return { unavailable: reasonOf(python, introduction) };
  }
  return { engine: new CompiledEngine(new PyTorchExecutor(channel, introduction)) };
}
