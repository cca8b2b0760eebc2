import { join } from 'node:path';
import { encodeModel, readModel, type TrainedModel } from '../inference/trained-model.ts';
import type { ExportFormat } from './export-format.ts';
import { ownLogits } from './own-logits.ts';
import { picturesOf } from './pictures.ts';

const WEIGHTS = 'model.safetensors';
const CONFIG = 'config.json';

/** What weights alone do not say, in the words of timm's own `config.json`. */
function configOf(model: TrainedModel): string {
  const { imageSize, resize, mean, std, interpolation } = picturesOf(model);
  const config = {
    architecture: model.network.model,
    num_classes: model.classes.length,
    label_names: model.classes,
    pretrained_cfg: {
      input_size: [3, imageSize, imageSize],
      crop_pct: imageSize / resize,
      crop_mode: 'center',
      ...{ interpolation, mean, std },
    },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Safetensors, as the Hugging Face hub and timm take weights. */
export const safetensors: ExportFormat = {
  file: WEIGHTS,
  summary: `${WEIGHTS}, with the names of torchvision and timm, and ${CONFIG}`,
  files: (model) =>
    new Map<string, Uint8Array | string>([
      [WEIGHTS, encodeModel(model)],
      [CONFIG, configOf(model)],
    ]),
  // The file as it was written.
  logits: (folder, _, images) => ownLogits(readModel(join(folder, WEIGHTS)), images),
};
