import { fail } from '../../core/failure.ts';
import type { InputFormat } from '../data/batches.ts';
import type { EncodedSplit } from '../data/packed.ts';
import { decodeImage } from '../data/pictures/decode.ts';
import { viewOf } from '../data/views.ts';
import type { TrainedModel } from './trained-model.ts';

/**
 * Files of pictures as a split, of which nothing is known but the pictures: as a network wants to be shown them.
 *
 * @param model - the network, which says what its pictures have to be like
 * @param files - paths
 * @returns the split, and how its images are normalised
 * @throws FailureError `no-normalisation`; reading an image, `bad-image` that names the file
 */
export function picturesFor(
  model: TrainedModel,
  files: readonly string[],
): { readonly split: EncodedSplit; readonly format: InputFormat } {
  const { network, input } = model;
  if (!input.statistics)
    return fail({
      code: 'no-normalisation',
      message: `the weights of ${network.model} do not say how its pictures are normalised`,
      expected: 'weights of a training stage, or of a pretrained stage with mean_std',
      fix: 'give the pretrained stage mean_std: imagenet, or what the weights were trained with',
    });
  const imageSize = network.input.height;
  const { interpolation = 'bilinear', crop: cropPct = 1, statistics } = input;
  const split: EncodedSplit = {
    keep: 'encoded',
    count: files.length,
    labels: new Int32Array(files.length),
    names: files,
    image: async (view, index) =>
      viewOf(view, await decodeImage(files[index] ?? ''), { imageSize, interpolation, cropPct }),
  };
  return { split, format: { imageSize, ...statistics } };
}
