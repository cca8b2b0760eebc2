import { appendFileSync } from 'node:fs';
import type { PackedDataset } from '../../ml/data/packed.ts';
import { readModel, startFrom } from '../../ml/inference/trained-model.ts';
import type { JoinedNetwork } from '../../ml/methods/kd-method.ts';
import { initialState } from '../../ml/network/initial.ts';
import type { Network, StateDict } from '../../ml/network/network.ts';
import { inputOf, type StageContext } from '../stage-kind.ts';

/** What decides the weights that a training begins with. */
export interface Beginning {
  readonly context: StageContext;
  readonly data: PackedDataset;
  /** The model, which weights to start from are of. */
  readonly model: Network;
  /** What is trained in its place, if anything is. */
  readonly joined: JoinedNetwork | null;
}

function startOfModel({ context, model, data }: Beginning, seed: number): StateDict {
  if (context.params['weights'] === undefined) return initialState(model, seed);
  const { classes } = data.manifest;
  const source = readModel(inputOf(context, 'weights').path);
  const { state, isClassifierDrawn } = startFrom(source, model, classes, seed);
  const drawn = `, classifier drawn anew: they tell ${source.classes.length} classes, the dataset has ${classes.length}`;
  appendFileSync(context.log, `starts from weights${isClassifierDrawn ? drawn : ''}\n`);
  return state;
}

/**
 * Weights that a training begins with.
 *
 * @param beginning - the model, the weights that its stage names, and what is trained in its place
 * @param seed - of all that is drawn
 * @returns every state-dict entry: given ones, else the model's start, else drawn
 * @throws FailureError `other-model` where the named weights are another model's
 */
export function initialWeights(beginning: Beginning, seed: number): StateDict {
  const { joined } = beginning;
  const start = startOfModel(beginning, seed);
  if (!joined) return start;
  const { network, given } = joined;
  const drawn = [...initialState(network, seed)];
  return new Map(drawn.map(([name, values]) => [name, given.get(name) ?? start.get(name) ?? values]));
}
