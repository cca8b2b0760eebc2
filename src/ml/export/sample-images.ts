import { evalBatches } from '../data/batches.ts';
import type { PackedDataset, Split } from '../data/packed.ts';
import { statisticsFor } from '../inference/input-config.ts';
import type { TrainedModel } from '../inference/trained-model.ts';
import { uniforms } from '../random/random.ts';
import type { Images } from './export-format.ts';

/** Images of a check. */
const COUNT = 8;
const ORDER: readonly Split[] = ['test', 'val', 'train'];

/** The first images of a dataset as a network sees them, of its test split where it has one. */
async function imagesOf(data: PackedDataset, model: TrainedModel): Promise<Images> {
  const { manifest } = data;
  const split = data.split(ORDER.find((name) => manifest.splits[name].count > 0) ?? 'train');
  const batchSize = Math.min(COUNT, split.count);
  const format = { ...statisticsFor(model.input, manifest), imageSize: manifest.imageSize };
  const values = new Float32Array(batchSize * manifest.imageSize ** 2 * 3);
  await evalBatches(split, format, { batchSize, crop: 'centre' }).fill(0, values, new Int32Array(batchSize));
  return { count: batchSize, values };
}

/** Noise, as bright as normalised pictures are; the same for all networks of one size. */
function noiseFor({ network }: TrainedModel): Images {
  const { height, width, channels } = network.input;
  const uniform = uniforms(0, 'term', 0, 0);
  const values = Float32Array.from({ length: COUNT * height * width * channels }, () => 4 * uniform() - 2);
  return { count: COUNT, values };
}

/**
 * Images that a check shows to a network.
 *
 * @param model - the network
 * @param data - a dataset of its image size, where there is one
 * @returns up to 8 images of the dataset, of its test split where it has one, normalised as the weights say; else noise
 */
export async function sampleImages(model: TrainedModel, data?: PackedDataset): Promise<Images> {
  return data ? imagesOf(data, model) : noiseFor(model);
}
