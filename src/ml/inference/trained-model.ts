import { readFileSync } from 'node:fs';
import { fail, FailureError } from '../../core/failure.ts';
import { isJsonObject } from '../../core/json.ts';
import { isInterpolation } from '../augment/resize.ts';
import type { PackedManifest } from '../data/packed.ts';
import type { ChannelStatistics } from '../data/statistics.ts';
import { modelNamed, models, type Models } from '../models/registry.ts';
import { classifierOf } from '../network/classifier.ts';
import { initialState } from '../network/initial.ts';
import { isLayerTable, layerTable, networkFrom } from '../network/layer-table.ts';
import type { Network, Shape, StateDict } from '../network/network.ts';
import { decodeSafetensors, encodeSafetensors } from '../weights/safetensors.ts';
import type { TensorFile } from '../weights/tensor-file.ts';
import { stateDictOf, tensorsOf } from '../weights/state-dict.ts';
import type { InputConfig } from './input-config.ts';

/** A network with weights, and what its input and output mean. */
export interface TrainedModel {
  readonly network: Network;
  readonly state: StateDict;
  readonly classes: readonly string[];
  readonly input: InputConfig;
  /** Training batches that made its running statistics. */
  readonly batches: number;
}

const square = (side: number): Shape => ({ height: side, width: side, channels: 3 });

/**
 * Refuses a name of no model.
 *
 * @param model - the name
 * @param added - models of plugins
 * @returns never
 * @throws FailureError `unknown-model`
 */
export function failUnknownModel(model: string, added: Models = {}): never {
  return fail({
    code: 'unknown-model',
    message: `no model is called ${model}`,
    expected: `one of ${Object.keys({ ...models, ...added }).join(', ')}`,
    fix: 'kdpipe list models',
  });
}

/**
 * Builds a network for a dataset.
 *
 * @param model - name in the registry, or of a plugin's model
 * @param manifest - gives the image size and the number of classes
 * @param added - models of plugins, by name
 * @returns the network, without weights
 * @throws FailureError `unknown-model`, or `image-too-small`
 */
export function networkFor(
  model: string,
  manifest: Pick<PackedManifest, 'imageSize' | 'classes'>,
  added?: Models,
): Network {
  const { imageSize, classes } = manifest;
  const entry = modelNamed(model, added) ?? failUnknownModel(model, added);
  return entry.build(square(imageSize), classes.length);
}

/**
 * A trained network for images of a dataset, which may have another size than those that it was trained on.
 *
 * @param model - the network
 * @param model.network - as it was trained; of a plugin's model the layers stay, one of ours is built as for a training
 * @param manifest - gives the image size
 * @returns the network, without weights
 * @throws FailureError `image-too-small`
 */
export function networkOn(
  { network }: Pick<TrainedModel, 'network'>,
  manifest: Pick<PackedManifest, 'imageSize'>,
): Network {
  const { imageSize } = manifest;
  if (network.input.height === imageSize) return network;
  const { model, classes } = network;
  return (
    modelNamed(model)?.build(square(imageSize), classes) ?? networkFrom(model, layerTable(network), square(imageSize))
  );
}

/**
 * Writes a model as a .safetensors file with torchvision's names that says itself how to use it. Equal models give
 * equal bytes.
 *
 * @param model - the model
 * @returns the file's bytes
 */
export function encodeModel(model: TrainedModel): Uint8Array {
  const { network, state, classes, input, batches } = model;
  const { statistics, ...pictures } = input;
  const wanted = JSON.stringify(pictures);
  const metadata = {
    model: network.model,
    // Whoever reads the file has our models, but not those of plugins.
    ...(!modelNamed(network.model) && { network: JSON.stringify(layerTable(network)) }),
    classes: JSON.stringify(classes),
    imageSize: String(network.input.height),
    ...(statistics && { mean: JSON.stringify(statistics.mean), std: JSON.stringify(statistics.std) }),
    ...(wanted !== '{}' && { input: wanted }),
  };
  return encodeSafetensors({ tensors: tensorsOf(network.parameters, state, batches), metadata });
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((text) => typeof text === 'string');
const isSide = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value);
const isTriple = (value: unknown): value is ChannelStatistics['mean'] =>
  Array.isArray(value) && value.length === 3 && value.every(Number.isFinite);
const isDivisor = (value: unknown): value is ChannelStatistics['std'] =>
  isTriple(value) && value.every((std) => std > 0);

type Pictures = Omit<InputConfig, 'statistics'>;

function isPictures(value: unknown): value is Pictures {
  if (!isJsonObject(value)) return false;
  const { imageSize, interpolation, crop } = value;
  const isNumberOr = (one: unknown): boolean => one === undefined || typeof one === 'number';
  return isNumberOr(imageSize) && isNumberOr(crop) && (interpolation === undefined || isInterpolation(interpolation));
}

/** One JSON text of the metadata: the file may come from anywhere. */
function readDescription<T>(file: TensorFile, key: string, path: string, is: (value: unknown) => value is T): T {
  try {
    const value: unknown = JSON.parse(file.metadata[key] ?? '');
    if (is(value)) return value;
  } catch {
    // Not JSON: said below.
  }
  return fail({
    code: 'undescribed-weights',
    message: `${path} does not say its ${key}`,
    place: { file: path },
    expected: 'weights of a training stage, with model, classes, imageSize, mean and std in the metadata',
    fix: 'take the weights output of train-teacher or distill-student',
  });
}

/**
 * Training batches that made a file's running statistics.
 *
 * @param file - its tensors
 * @returns PyTorch's `num_batches_tracked`; 0 where the file has none
 */
export function batchesIn(file: TensorFile): number {
  for (const tensor of file.tensors.values()) if (tensor.dtype === 'I64') return Number(tensor.values[0] ?? 0n);
  return 0;
}

/**
 * Reads a model that {@link encodeModel} wrote.
 *
 * @param path - absolute path of the file
 * @returns the model
 * @throws FailureError when the file is damaged, describes no model, or holds other tensors than its model has
 */
export function readModel(path: string): TrainedModel {
  return decodeModel(decodeSafetensors(readFileSync(path), path), path);
}

/**
 * Makes a model of a file that {@link encodeModel} wrote.
 *
 * @param file - its tensors and metadata
 * @param path - the file's name for messages
 * @returns the model
 * @throws FailureError when the file describes no model, or holds other tensors than its model has
 */
export function decodeModel(file: TensorFile, path: string): TrainedModel {
  const classes = readDescription(file, 'classes', path, isTexts);
  const imageSize = readDescription(file, 'imageSize', path, isSide);
  const network = networkIn(file, { imageSize, classes }, path);
  const input = inputIn(file, path);
  return { network, state: stateDictOf(file, network.parameters, path), classes, input, batches: batchesIn(file) };
}

/** The network of a file: one of ours by its name, another by its layers. */
function networkIn(file: TensorFile, size: Pick<PackedManifest, 'imageSize' | 'classes'>, path: string): Network {
  const { model = '', network: table } = file.metadata;
  if (table === undefined) return networkFor(model, size);
  const layers = readDescription(file, 'network', path, isLayerTable);
  const refuse = (problem: string): never =>
    fail({
      code: 'undescribed-weights',
      message: `${path} describes a network that cannot be: ${problem}`,
      place: { file: path },
      expected: 'weights of a training stage',
      fix: 'take the weights output of train-teacher or distill-student',
    });
  try {
    const network = networkFrom(model, layers, square(size.imageSize));
    return network.classes === size.classes.length ? network : refuse(`it has ${network.classes} logits`);
  } catch (error) {
    if (error instanceof FailureError || !(error instanceof Error)) throw error;
    return refuse(error.message);
  }
}

/** Weights from elsewhere may leave the pictures to the dataset. */
function inputIn(file: TensorFile, path: string): InputConfig {
  const { mean, std, input } = file.metadata;
  return {
    ...((mean ?? std) !== undefined && {
      statistics: {
        mean: readDescription(file, 'mean', path, isTriple),
        std: readDescription(file, 'std', path, isDivisor),
      },
    }),
    ...(input !== undefined && readDescription(file, 'input', path, isPictures)),
  };
}

/** Weights from elsewhere have numbers for names, which only their count tells apart. */
const areNumbered = (classes: readonly string[]): boolean => classes.every((name, label) => name === String(label));

function sameClasses(known: readonly string[], wanted: readonly string[]): boolean {
  if (known.length !== wanted.length) return false;
  return areNumbered(known) || wanted.every((name, label) => name === known[label]);
}

/**
 * Refuses a model whose labels mean something else than the dataset's.
 *
 * @param model - e.g. the teacher
 * @param manifest - the dataset
 * @param role - who the model is, for the message
 * @throws FailureError `other-classes`
 */
export function requireSameClasses(model: TrainedModel, manifest: PackedManifest, role: string): void {
  const { classes } = manifest;
  if (sameClasses(model.classes, classes)) return;
  const label = classes.findIndex((name, index) => name !== model.classes[index]);
  fail({
    code: 'other-classes',
    message:
      model.classes.length === classes.length
        ? `${role} calls class ${label} ${model.classes[label] ?? ''}, the dataset calls it ${classes[label] ?? ''}`
        : `${role} has ${model.classes.length} classes, the dataset has ${classes.length}`,
    expected: 'the same classes in the same order',
    fix: `train ${role} on this dataset`,
  });
}

/** Names of a network's classifier parameters. */
function classifierNames(network: Network): ReadonlySet<string> {
  const { name } = classifierOf(network);
  return new Set(network.parameters.map((parameter) => parameter.name).filter((own) => own.startsWith(`${name}.`)));
}

/** Names and shapes of all parameters but the classifier's: a plugin's model may have had others under the same name. */
function bodyOf(network: Network): string {
  const classifier = classifierNames(network);
  const body = network.parameters.filter(({ name }) => !classifier.has(name));
  return JSON.stringify(body.map(({ name, shape }) => [name, shape]));
}

/** What training starts from. */
export interface Start {
  readonly state: StateDict;
  /** Whether the classifier was drawn anew, because the weights' classes are not the dataset's. */
  readonly isClassifierDrawn: boolean;
}

/**
 * Starts one model's training from another's weights: all of them where the classes are the same, else all but the
 * classifier, which is drawn from the seed.
 *
 * @param given - the weights
 * @param network - the network that is to be trained
 * @param classes - the dataset's
 * @param seed - of the classifier
 * @returns the state dict
 * @throws FailureError `other-model`
 */
export function startFrom(given: TrainedModel, network: Network, classes: readonly string[], seed: number): Start {
  if (given.network.model !== network.model || bodyOf(given.network) !== bodyOf(network))
    fail({
      code: 'other-model',
      message: `weights are of ${given.network.model}${given.network.model === network.model ? ' as it was before an edit' : ''}`,
      expected: `weights of ${network.model}`,
      fix: 'reference a stage that trained the same model, or remove weights',
    });
  if (sameClasses(given.classes, classes)) return { state: given.state, isClassifierDrawn: false };
  const drawn = classifierNames(network);
  const fresh = initialState(network, seed);
  const state = new Map(
    [...fresh].map(([name, values]) => [name, drawn.has(name) ? values : (given.state.get(name) ?? values)]),
  );
  return { state, isClassifierDrawn: true };
}
