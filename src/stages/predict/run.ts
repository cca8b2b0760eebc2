import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeLogits } from '../../ml/inference/kept-logits.ts';
import { readModel } from '../../ml/inference/trained-model.ts';
import { environmentOf } from '../inference/run-engine.ts';
import { openInference, runInference } from '../inference/run-inference.ts';
import { inputOf, type StageContext, type StageOutcome } from '../stage-kind.ts';

/**
 * Keeps the logits of a network on a dataset's images.
 *
 * @param stage - the running stage
 * @returns how fast it ran
 * @throws FailureError when the network and the dataset do not fit
 * @throws StageInterrupted when the signal was aborted; the next run starts over
 */
export async function run(stage: StageContext): Promise<StageOutcome> {
  const model = readModel(inputOf(stage, 'of').path);
  const context = await openInference(stage, 1);
  try {
    const { predicted, imagesPerSecond } = await runInference(context, model, 'the network');
    const origin = { weights: inputOf(stage, 'of').digest, data: inputOf(stage, 'data').digest };
    writeFileSync(join(stage.out, 'logits.safetensors'), encodeLogits(predicted, origin, model.classes.length));
    return { metrics: { images_per_second: imagesPerSecond }, environment: environmentOf(stage, context.engine) };
  } finally {
    context.data.close();
  }
}
