import { loadBinding } from '../../src/ml/engines/tensorflow/binding.ts';
import { TensorFlowExecutor } from '../../src/ml/engines/tensorflow/executor.ts';
import { installedTensorFlow } from '../../src/ml/engines/tensorflow/installed.ts';

const installed = installedTensorFlow();

/** Why tests with TensorFlow are skipped; undefined where they can run. */
export const lacking = 'unavailable' in installed ? installed.unavailable : undefined;

/**
 * TensorFlow as it is installed here.
 *
 * @returns an executor
 */
export function tensorflowExecutor(): TensorFlowExecutor {
  if ('unavailable' in installed) throw new Error(installed.unavailable);
  return new TensorFlowExecutor(loadBinding(installed.module), {});
}
