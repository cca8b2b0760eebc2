import { openPacked } from '../data/open.ts';
import type { PackedDataset } from '../data/packed.ts';
import type { InputConfig } from './input-config.ts';
import { readModel, type TrainedModel } from './trained-model.ts';

/** What a network's pictures have to be like, of which the dataset that it was trained on tells what its weights do not. */
function inputFrom({ input }: TrainedModel, data: PackedDataset | undefined): InputConfig {
  if (!data) return input;
  const { mean, std, interpolation, cropPct } = data.manifest;
  return {
    ...input,
    statistics: input.statistics ?? { mean, std },
    interpolation: input.interpolation ?? interpolation,
    crop: input.crop ?? cropPct,
  };
}

/**
 * Reads a trained network to be used by itself.
 *
 * @param weights - path of its file
 * @param folder - path of the packed dataset that it was trained on, where that is there
 * @returns the network, which says of its pictures all that is known, and the dataset; the caller closes it
 * @throws FailureError when the file is damaged or describes no model
 */
export function openTrained(
  weights: string,
  folder: string | undefined,
): { readonly model: TrainedModel; readonly data: PackedDataset | undefined } {
  const model = readModel(weights);
  const data = folder === undefined ? undefined : openPacked(folder, 0);
  return { model: { ...model, input: inputFrom(model, data) }, data };
}
