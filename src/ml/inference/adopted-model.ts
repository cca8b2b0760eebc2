import { fail } from '../../core/failure.ts';
import { formatList } from '../../util/text.ts';
import { modelNamed, type ModelName, type Models } from '../models/registry.ts';
import { differenceText } from '../weights/comparison.ts';
import { readTensors } from '../weights/read-tensors.ts';
import { stateDictOf } from '../weights/state-dict.ts';
import { stateDictsIn, type FoundDict } from '../weights/state-dicts.ts';
import { FileTensor, type Checkpoint, type TensorFile } from '../weights/tensor-file.ts';
import { commonPrefix, fitsOf, isExact, modelsIn, type Fit } from './fits.ts';
import type { InputConfig } from './input-config.ts';
import { partAverages, placeText, takeState, type Taken, type WeightState } from './taken-state.ts';
import { batchesIn, decodeModel, failUnknownModel, type TrainedModel } from './trained-model.ts';

/** What is wanted of a file of weights. */
export interface Wanted {
  readonly model: string;
  /** Models of plugins. */
  readonly added?: Models;
  /** Which of two sets of weights, where the file holds both; the average unless it is said. */
  readonly state?: WeightState | undefined;
  /** What the network's pictures have to be like, which no state dict says. */
  readonly input: InputConfig;
}

/** A model of a file, and what of the file it is. */
export interface Adopted {
  readonly model: TrainedModel;
  /** One line for the log. */
  readonly taken: string;
  /** What a user should know who did not ask: that there was a choice. */
  readonly notes: readonly string[];
}

const allIn = (content: ReadonlyMap<unknown, unknown>): ReadonlyMap<string, FileTensor> =>
  new Map([...content].flatMap(([name, one]) => (one instanceof FileTensor ? [[String(name), one]] : [])));

/** A file of our own stages, which says itself what it is. */
function ofStage(checkpoint: Checkpoint, { model, state, input }: Wanted, path: string): Adopted {
  const { content, metadata } = checkpoint;
  const own = decodeModel({ tensors: readTensors(allIn(content), checkpoint, path), metadata }, path);
  if (own.network.model !== model)
    return fail({
      code: 'other-model',
      message: `${path} holds a ${own.network.model}`,
      place: { file: path },
      expected: `weights of ${model}`,
      fix: `write model: ${own.network.model}`,
    });
  if (state !== undefined)
    return fail({
      code: 'no-such-state',
      message: `${path} is a file of kdpipe, and holds one set of weights`,
      place: { file: path },
      expected: 'state with a checkpoint that holds an average beside the trained weights',
      fix: `remove state: ${state}`,
    });
  const given = Object.entries({ ...own.input, ...input }).find(([name, value]) => {
    const known = own.input[name as keyof InputConfig];
    return known !== undefined && JSON.stringify(known) !== JSON.stringify(value);
  });
  if (given)
    return fail({
      code: 'other-input',
      message: `${path} says itself what its images are like, and that is something else`,
      place: { file: path },
      expected: JSON.stringify(own.input),
      fix: 'remove mean_std, image_size, interpolation and crop',
    });
  return { model: { ...own, input: { ...own.input, ...input } }, taken: 'takes a file of kdpipe', notes: [] };
}

/** The tensors of a fit under the network's own names, with the counters beside its running statistics. */
function tensorsOf({ network, dict, prefix }: Fit, checkpoint: Checkpoint, path: string): TensorFile {
  const names = new Set(network.parameters.map(({ name }) => name));
  const counters = [...names].map((name) => name.replace(/running_mean$/, 'num_batches_tracked'));
  const wanted = [...new Set([...names, ...counters])].flatMap((name): [string, FileTensor][] => {
    const tensor = dict.tensors.get(prefix + name);
    const isRead = tensor && (names.has(name) || tensor.dtype === 'I64');
    return isRead ? [[prefix + name, tensor]] : [];
  });
  const read = readTensors(new Map(wanted), checkpoint, path);
  return { tensors: new Map([...read].map(([name, tensor]) => [name.slice(prefix.length), tensor])), metadata: {} };
}

function failWithout({ content }: Checkpoint, path: string): never {
  return fail({
    code: 'wrong-weights',
    message: `${path} holds no state dict: a mapping of ${[...content.keys()].slice(0, 5).map(String).join(', ') || 'nothing'}`,
    place: { file: path },
    expected: 'tensors by the names of the network',
    fix: 'save the weights: torch.save(model.state_dict(), path), or as .safetensors',
  });
}

function fixOf([other]: readonly ModelName[], model: string, path: string): string {
  if (other !== undefined) return `write model: ${other}, or take weights of ${model}`;
  if (/-\d{5}-of-\d{5}\./.test(path))
    return 'this is one shard of several: name their index, the file *.index.json beside it';
  return `take weights of ${model}, or write another model: kdpipe list models`;
}

/** What does not fit, and whose weights they are. */
function failToFit(nearest: Fit, dicts: readonly FoundDict[], model: string, path: string): never {
  const { prefix, dict, comparison } = nearest;
  const shared = prefix || commonPrefix(dict.tensors.keys());
  const begin = shared === '' ? '' : `, whose names begin with ${shared},`;
  const others = modelsIn(dicts);
  return fail({
    code: 'wrong-weights',
    message: `${path}${begin} ${differenceText(comparison)}${others.length > 0 ? `: these are weights of ${formatList(others)}` : ''}`,
    place: { file: path },
    expected: `the ${nearest.network.parameters.length} tensors of ${model}`,
    fix: fixOf(others, model, path),
  });
}

function takenText({ fit, state, beside }: Taken): string {
  const others = [...beside.other, ...beside.same].map(placeText);
  return [
    `takes ${placeText(fit)}`,
    ...(state === 'ema' ? [', an average of weights'] : []),
    ...(others.length > 0 ? [`; beside it: ${formatList(others, 4)}`] : []),
  ].join('');
}

function notesOf(taken: Taken, { state }: Wanted, part: readonly string[], path: string): readonly string[] {
  const text = `${path}: ${takenText(taken)}`;
  if (state === undefined && taken.beside.other.length > 0)
    return [`${text}; state: ${taken.state === 'ema' ? 'model' : 'ema'} takes the other`];
  if (state === undefined && taken.state === 'model' && part.length > 0)
    return [`${text}; ${formatList(part)} lacks tensors of the network`];
  return taken.beside.same.length > 0 ? [text] : [];
}

/**
 * Makes a model of a checkpoint from anywhere: torchvision's or timm's state dict, whatever is wrapped around it and its
 * names, whose classes are then numbered; or a file of a training stage, which says itself what it is.
 *
 * @param checkpoint - what is in the file
 * @param wanted - the architecture that it is of, and what no state dict says
 * @param path - the file's name for messages
 * @returns the model, and what of the file was taken
 * @throws FailureError `wrong-weights` that lists what does not fit and names the models that would, `other-model`
 */
export function adoptModel(checkpoint: Checkpoint, wanted: Wanted, path: string): Adopted {
  if (checkpoint.metadata['classes'] !== undefined) return ofStage(checkpoint, wanted, path);
  const { model, added, state, input } = wanted;
  const architecture = modelNamed(model, added) ?? failUnknownModel(model);
  const dicts = stateDictsIn(checkpoint.content);
  const found = fitsOf(architecture, dicts);
  const [nearest] = found;
  if (!nearest) return failWithout(checkpoint, path);
  const fits = found.filter(isExact);
  if (fits.length === 0) return failToFit(nearest, dicts, model, path);
  const taken = takeState(fits, state, path);
  const { network } = taken.fit;
  const file = tensorsOf(taken.fit, checkpoint, path);
  return {
    model: {
      network,
      state: stateDictOf(file, network.parameters, path),
      classes: Array.from({ length: network.classes }, (_, label) => String(label)),
      input,
      batches: batchesIn(file),
    },
    taken: takenText(taken),
    notes: notesOf(taken, wanted, partAverages(dicts, fits), path),
  };
}
