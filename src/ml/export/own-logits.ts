import { sharedEngine } from '../inference/shared-engine.ts';
import type { TrainedModel } from '../inference/trained-model.ts';
import type { Images } from './export-format.ts';

/**
 * Logits of a network by the best engine of this machine.
 *
 * @param model - the network
 * @param images - what it is shown, all at once
 * @returns logits [count, classes], and who computed them
 * @throws FailureError `engine-unavailable`
 */
export async function ownLogits(
  model: TrainedModel,
  images: Images,
): Promise<{ readonly values: Float32Array; readonly by: string }> {
  const { network, state } = model;
  const engine = await sharedEngine('auto');
  const session = engine.session(network, { optimizer: null });
  try {
    session.write(state);
    const step = session.forwardStep({ batch: images.count, taps: [] });
    step.input.set(images.values);
    step.run();
    return { values: step.logits.slice(), by: `kdpipe's ${engine.name} engine` };
  } finally {
    session.dispose();
  }
}
