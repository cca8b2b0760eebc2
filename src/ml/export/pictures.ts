import type { CentreFormat } from '../data/views.ts';
import type { TrainedModel } from '../inference/trained-model.ts';

/** How a picture becomes the input of a network, in timm's words; all of it is known. */
export interface Pictures extends CentreFormat {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * What a network's pictures have to be like. What its weights leave open is as datasets have it unless they say otherwise.
 *
 * @param model - the network
 * @returns sizes, filter and statistics; of a network that leaves the normalisation to its dataset none: 0 and 1
 */
export function picturesOf(model: TrainedModel): Pictures {
  const { network, input } = model;
  const { interpolation = 'bilinear', crop = 1, statistics } = input;
  const imageSize = network.input.height;
  const { mean, std } = statistics ?? { mean: [0, 0, 0], std: [1, 1, 1] };
  return { imageSize, resize: Math.floor(imageSize / crop), interpolation, mean, std };
}
