import { Channel } from '../../src/ml/engines/pytorch/channel.ts';
import { introduced, PROGRAM } from '../../src/ml/engines/pytorch/create.ts';
import { PyTorchExecutor } from '../../src/ml/engines/pytorch/executor.ts';
import { python } from './pytorch.ts';

/**
 * PyTorch in the Python that tests have.
 *
 * @param panel - output channels of a filter panel; the engine's by default
 * @returns an executor on one thread
 */
export function pytorchExecutor(panel?: number): PyTorchExecutor {
  const channel = new Channel({ command: python, args: PROGRAM });
  const introduction = introduced(channel, { threads: 1, ...(panel !== undefined && { panel }) });
  if ('ended' in introduction) throw new Error(`${introduction.ended}: ${introduction.said}`);
  return new PyTorchExecutor(channel, introduction);
}
