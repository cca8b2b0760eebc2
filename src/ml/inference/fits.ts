import { models, type ModelName } from '../models/registry.ts';
import type { Model } from '../models/model.ts';
import { classifierOf } from '../network/classifier.ts';
import type { Network } from '../network/network.ts';
import { compare, isComplete, type Comparison } from '../weights/comparison.ts';
import type { FoundDict } from '../weights/state-dicts.ts';

/** A network, and where in a checkpoint its tensors are. */
export interface Fit {
  readonly network: Network;
  readonly dict: FoundDict;
  /** What stands before the network's names there: `module.`, `student.backbone.`. */
  readonly prefix: string;
  readonly comparison: Comparison;
}

/** Builds a model at the size that it is known by, each number of classes once. */
type Builder = (classes: number) => Network;

function builderOf(model: Model): Builder {
  const { side } = model.nominal;
  const built = new Map<number, Network>();
  return (classes) => {
    const network = built.get(classes) ?? model.build({ height: side, width: side, channels: 3 }, classes);
    built.set(classes, network);
    return network;
  };
}

/** The model with as many classes as a state dict has. */
function networkOf(build: Builder, usual: Network, { tensors }: FoundDict, prefix: string): Network {
  const found = tensors.get(`${prefix}${classifierOf(usual).name}.weight`)?.shape[0] ?? usual.classes;
  return build(found < 1 ? usual.classes : found);
}

/** Names whose places in a file tell what may stand before all of them. */
const anchorsOf = ({ parameters }: Network): readonly string[] =>
  [parameters[0], parameters.at(-1)].flatMap((parameter) => parameter?.name ?? []);

/**
 * What all names of a state dict begin with.
 *
 * @param names - of its tensors
 * @returns whole parts with their dots: `module.`; an empty text where they share none
 */
export function commonPrefix(names: Iterable<string>): string {
  const [first = '', ...others] = names;
  const parts = first.split('.').slice(0, -1);
  const shared = parts.findIndex((_, at) => {
    const start = `${parts.slice(0, at + 1).join('.')}.`;
    return others.some((name) => !name.startsWith(start));
  });
  const length = shared < 0 ? parts.length : shared;
  return length === 0 ? '' : `${parts.slice(0, length).join('.')}.`;
}

/** Most prefixes that are tried: a deep network has its first name in every block. */
const MOST_PREFIXES = 100;

/** What may stand before a network's names: whatever stands before one of them somewhere. */
function prefixesOf(network: Network, dict: FoundDict): readonly string[] {
  const anchors = anchorsOf(network);
  const found = [...dict.tensors.keys()].flatMap((name) =>
    anchors
      .filter((anchor) => name === anchor || name.endsWith(`.${anchor}`))
      .map((anchor) => name.slice(0, -anchor.length)),
  );
  return [...new Set(['', commonPrefix(dict.tensors.keys()), ...found])]
    .sort((a, b) => a.length - b.length)
    .slice(0, MOST_PREFIXES);
}

/**
 * Most names that are compared for a model: with what an optimiser keeps of each tensor, a checkpoint of a resnet50 has a
 * sixth of them. What lies outermost is compared first.
 */
const MOST_NAMES = 300_000;

/** Places where a network is looked for, until there have been enough. */
function* placesIn(dicts: readonly FoundDict[], usual: Network) {
  let names = 0;
  for (const dict of dicts)
    for (const prefix of prefixesOf(usual, dict)) {
      if ((names += dict.tensors.size + usual.parameters.length) > MOST_NAMES) return;
      yield { dict, prefix };
    }
}

/** Without what belongs to another copy of the network under a longer prefix. */
function apart(fit: Fit, others: readonly Fit[]): Fit {
  const inner = others.flatMap(({ prefix }) =>
    prefix !== fit.prefix && prefix.startsWith(fit.prefix) ? [prefix.slice(fit.prefix.length)] : [],
  );
  const unknown = fit.comparison.unknown.filter((name) => !inner.some((prefix) => name.startsWith(prefix)));
  return { ...fit, comparison: { ...fit.comparison, unknown } };
}

/** Tensors that are where the network has them. */
const matches = ({ network, comparison: { missing, shaped } }: Fit): number =>
  network.parameters.length - missing.length - shaped.length;

/**
 * Looks for a network's tensors in the state dicts of a checkpoint.
 *
 * @param model - the architecture
 * @param dicts - the state dicts
 * @returns every place that has all of them; where there is none, the place that has most of them
 */
export function fitsOf(model: Model, dicts: readonly FoundDict[]): readonly Fit[] {
  const build = builderOf(model);
  const usual = build(model.nominal.classes);
  const complete: Fit[] = [];
  let nearest: Fit | undefined;
  for (const { dict, prefix } of placesIn(dicts, usual)) {
    const network = networkOf(build, usual, dict, prefix);
    const fit: Fit = { network, dict, prefix, comparison: compare(dict.tensors, network.parameters, prefix) };
    if (isComplete(fit.comparison)) complete.push(fit);
    else if (complete.length === 0 && (!nearest || matches(fit) > matches(nearest))) nearest = fit;
  }
  if (complete.length === 0) return nearest ? [nearest] : [];
  return complete.map((fit) =>
    apart(
      fit,
      complete.filter(({ dict }) => dict === fit.dict),
    ),
  );
}

/**
 * Says whether a state dict is exactly a network's: it has all of its tensors, and no other.
 *
 * @param fit - network and place
 * @returns true where nothing is missing and nothing left over
 */
export const isExact = ({ comparison }: Fit): boolean => isComplete(comparison) && comparison.unknown.length === 0;

/**
 * The models that a checkpoint holds weights of.
 *
 * @param dicts - its state dicts
 * @returns names of those whose tensors are exactly there
 */
export const modelsIn = (dicts: readonly FoundDict[]): readonly ModelName[] =>
  (Object.keys(models) as ModelName[]).filter((model) => fitsOf(models[model], dicts).some(isExact));
