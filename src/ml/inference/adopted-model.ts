import { fail, FailureError } from '../../core/failure.ts';
import { IMAGENET } from '../data/statistics.ts';
import type { Model } from '../models/model.ts';
import { models, type ModelName } from '../models/registry.ts';
import { classifierOf } from '../network/classifier.ts';
import type { Network } from '../network/network.ts';
import { stateDictOf } from '../weights/state-dict.ts';
import type { TensorFile } from '../weights/tensor-file.ts';
import { batchesIn, decodeModel, type TrainedModel } from './trained-model.ts';

/** The model at the size that its published weights were trained at, with as many classes as a file has. */
function networkOf(model: ModelName, { tensors }: TensorFile): Network {
  const entry: Model = models[model];
  const { side, classes } = entry.nominal;
  const image = { height: side, width: side, channels: 3 };
  const published = entry.build(image, classes);
  const found = tensors.get(`${classifierOf(published).name}.weight`)?.shape[0] ?? classes;
  return found === classes || found < 1 ? published : entry.build(image, found);
}

/** Models whose every tensor a file has, in its shape. */
function fitting(file: TensorFile): readonly string[] {
  return (Object.keys(models) as ModelName[]).filter((name) =>
    networkOf(name, file).parameters.every(
      ({ name: tensor, shape }) => file.tensors.get(tensor)?.shape.join() === shape.join(),
    ),
  );
}

function fromElsewhere(file: TensorFile, model: ModelName, path: string): TrainedModel {
  const network = networkOf(model, file);
  const { side } = models[model].nominal;
  return {
    network,
    state: stateDictOf(file, network.parameters, path),
    classes: Array.from({ length: network.classes }, (_, label) => String(label)),
    format: { imageSize: side, ...IMAGENET },
    batches: batchesIn(file),
  };
}

/**
 * Makes a model of a file of weights from anywhere: torchvision's or timm's state dict, whose classes are then numbered
 * and whose images are normalised as ImageNet's are, or a file of a training stage, which says this itself.
 *
 * @param file - its tensors
 * @param model - the architecture that they are of
 * @param path - the file's name for messages
 * @returns the model
 * @throws FailureError `wrong-weights` that lists what does not fit and names the models that would, `other-model`
 */
export function adoptModel(file: TensorFile, model: ModelName, path: string): TrainedModel {
  if (file.metadata['classes'] !== undefined) {
    const own = decodeModel(file, path);
    if (own.network.model === model) return own;
    return fail({
      code: 'other-model',
      message: `${path} holds a ${own.network.model}`,
      place: { file: path },
      expected: `weights of ${model}`,
      fix: `write model: ${own.network.model}`,
    });
  }
  try {
    return fromElsewhere(file, model, path);
  } catch (error) {
    const [failure] = error instanceof FailureError ? error.failures : [];
    const others = failure?.code === 'wrong-weights' ? fitting(file) : [];
    if (!failure || others.length === 0) throw error;
    return fail({
      ...failure,
      message: `${failure.message}: these are weights of ${others.join(' or ')}`,
      fix: `write model: ${others[0] ?? ''}, or take weights of ${model}`,
    });
  }
}
