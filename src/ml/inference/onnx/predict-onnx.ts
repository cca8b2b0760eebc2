import type { Predicted } from '../kept-logits.ts';
import { predictBy, type BatchPass } from '../predict.ts';
import { predictionsOf, type InferenceContext } from '../predict-splits.ts';
import type { OnnxNetwork } from './onnx-network.ts';

/**
 * Predicts all splits with all augmentations by an ONNX model.
 *
 * @param context - images and options
 * @param network - opened for the dataset's images
 * @param role - what messages call it
 * @returns its logits; undefined when the signal was aborted
 * @throws FailureError `non-finite-logits`
 */
export async function predictOnnx(
  context: Pick<InferenceContext, 'data' | 'options' | 'signal' | 'onBatch'>,
  network: OnnxNetwork,
  role: string,
): Promise<readonly Predicted[] | undefined> {
  const { data, options, signal, onBatch } = context;
  const run: BatchPass['run'] = async ({ images }, size) => {
    if (!(images instanceof Float32Array)) throw new Error('an ONNX model reads normalised images');
    return (await network.run(images, size))['logits'] ?? new Float32Array();
  };
  const pass = { model: role, classes: data.manifest.classes.length, form: 'normalised', run } as const;
  const predicted: Predicted[] = [];
  for (const { split, tta } of predictionsOf(options)) {
    const prediction = { format: data.manifest, batchSize: options.batchSize, tta, signal, onBatch };
    const logits = await predictBy(pass, data.split(split), prediction);
    if (!logits) return undefined;
    predicted.push({ split, tta, logits });
  }
  return predicted;
}
