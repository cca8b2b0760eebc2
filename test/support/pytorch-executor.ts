import { introduced, startProgram } from '../../src/ml/engines/pytorch/create.ts';
import { PyTorchExecutor } from '../../src/ml/engines/pytorch/executor.ts';
import { python } from './pytorch.ts';

/**
 * PyTorch in the Python that tests have.
 *
 * @param greeting - what the program is told; the engine's own by default
 * @returns an executor on one thread
 */
export function pytorchExecutor(greeting: Partial<Parameters<typeof introduced>[1]> = {}): PyTorchExecutor {
  const channel = startProgram(python);
  const introduction = introduced(channel, { threads: 1, ...greeting });
  if ('ended' in introduction) throw new Error(`${introduction.ended}: ${introduction.said}`);
  return new PyTorchExecutor(channel, introduction);
}
