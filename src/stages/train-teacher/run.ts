import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../core/json.ts';
import { isFailure } from '../../core/failure.ts';
import { openPacked } from '../../ml/data/open.ts';
import type { PackedDataset } from '../../ml/data/packed.ts';
import { sameBatch } from '../../ml/data/same-batch.ts';
import type { BatchLoader } from '../../ml/data/batch-loader.ts';
import { batchLoaderFor } from '../../ml/data/batch-loader-for.ts';
import type { Engine } from '../../ml/engines/engine.ts';
import type { EngineChoice } from '../../ml/engines/registry.ts';
import { Workspace } from '../../ml/engines/workspace.ts';
import { costOf } from '../../ml/network/cost.ts';
import { withHeadDropout } from '../../ml/network/head-dropout.ts';
import { initialState } from '../../ml/network/initial.ts';
import type { Network, StateDict } from '../../ml/network/network.ts';
import { checkpointIn } from '../../ml/train/checkpoint.ts';
import { fit, prepare } from '../../ml/train/fit.ts';
import type { TrainingResult, TrainingJob, LossTerm } from '../../ml/train/job.ts';
import { recipeOf, type Recipe, type RecipeParams } from '../../ml/train/recipe.ts';
import { sharedEngine } from '../../ml/train/shared-engine.ts';
import { curvesOf, epochLine, epochNumbers, keptLine, logOf } from '../../ml/train/records.ts';
import { encodeModel, networkFor, readModel, startFrom } from '../../ml/train/trained-model.ts';
import { requireValidation } from '../../ml/train/validate.ts';
import { inputOf, StageInterrupted, type Shared, type StageContext, type StageOutcome } from '../stage-kind.ts';
import { trainingOutputs } from './recipe.ts';

/** Parameters of a training stage, as the kind's schema has checked and completed them. */
export interface TrainingParams extends RecipeParams {
  readonly model: string;
  readonly dropout?: number;
  readonly amp: boolean;
  readonly engine: EngineChoice;
}

/** A distillation term that holds memory of the engine. */
export interface DisposableTerm extends LossTerm {
  dispose(): void;
}

/** Where a distillation term comes from. */
export interface TrainingDeps {
  readonly context: StageContext;
  readonly data: PackedDataset;
  readonly network: Network;
  readonly engine: Engine;
}

/** Makes the distillation term of a stage. */
export type TermMaker = (deps: TrainingDeps) => DisposableTerm;

function initialWeights({ context, network, data }: TrainingDeps, seed: number): StateDict {
  if (context.params['weights'] === undefined) return initialState(network, seed);
  const { classes } = data.manifest;
  const given = readModel(inputOf(context, 'weights').path);
  const { state, isClassifierDrawn } = startFrom(given, network, classes, seed);
  const drawn = `, classifier drawn anew: they tell ${given.classes.length} classes, the dataset has ${classes.length}`;
  appendFileSync(context.log, `starts from weights${isClassifierDrawn ? drawn : ''}\n`);
  return state;
}

/** What a run holds in the engine. */
interface EngineResources extends Pick<TrainingJob, 'session' | 'kd'> {
  readonly dispose: () => void;
}

/** Takes all the memory that training will need; where there is too little, none. */
function allocate(deps: TrainingDeps, recipe: Recipe, term: TermMaker | null): EngineResources {
  const { context, data, network, engine } = deps;
  const { threads, cohort } = context;
  const held: { dispose(): void }[] = [];
  const hold = <T extends { dispose(): void }>(thing: T): T => {
    held.push(thing);
    return thing;
  };
  const dispose = (): void => held.splice(0).forEach((thing) => thing.dispose());
  // The members' steps never run at the same time.
  const workspace = cohort.share('workspace', () => ({ value: new Workspace(), dispose: () => undefined }));
  try {
    const kd = term ? hold(term(deps)) : null;
    const { optimizer, ema: average } = recipe;
    const session = hold(engine.session(network, { optimizer, average, threads, workspace }));
    prepare({ session, kd, recipe, data });
    return { session, kd, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Equips a run as soon as there is room for it beside the others of its cohort. */
async function allocateWhenFree(deps: TrainingDeps, recipe: Recipe, term: TermMaker | null): Promise<EngineResources> {
  for (;;) {
    try {
      return allocate(deps, recipe, term);
    } catch (error) {
      if (!isFailure(error, 'does-not-fit') || !(await deps.context.cohort.stepAside())) throw error;
    }
  }
}

async function trainOn(deps: TrainingDeps, recipe: Recipe, term: TermMaker | null): Promise<TrainingResult> {
  const { context, data, network } = deps;
  const { signal, tell, cohort } = context;
  const say = (line: string): void => appendFileSync(context.log, `${line}\n`);
  const { dispose, ...equipment } = await allocateWhenFree(deps, recipe, term);
  try {
    const result = await fit({
      ...{ recipe, data, network, signal, ...equipment },
      loader: cohort.share('batches', () => batchesOf(deps, recipe)),
      turn: (place) => cohort.reach(place),
      initial: initialWeights(deps, recipe.seed),
      checkpoint: checkpointIn(context.scratch, (message) => tell({ type: 'warning', message })),
      progress: (progress) => tell({ type: 'progress', unit: 'epochs', ...progress }),
      epoch: (row, speed) => {
        tell({ type: 'metric', row: { ...epochNumbers(row), images_per_second: Math.round(speed) } });
        say(epochLine(row));
      },
    });
    if (!result) throw new StageInterrupted();
    say(keptLine(result.best));
    return result;
  } finally {
    dispose();
  }
}

/** Training batches, each made once for the whole cohort. */
function batchesOf({ context, data }: TrainingDeps, recipe: Recipe): Shared<BatchLoader> {
  const loader = batchLoaderFor(data, inputOf(context, 'data').path, recipe);
  return { value: sameBatch(loader), dispose: () => loader.close() };
}

/** `val.accuracy` and the like, as tables name them; nothing of a split without images. */
function metricsOf({ best, history, imagesPerSecond }: TrainingResult, network: Network): JsonObject {
  const { parameters, macs } = costOf(network);
  const { val_accuracy: accuracy, val_mpa: mpa, val_loss: loss } = best;
  return {
    ...(accuracy !== null && { val: { accuracy, mpa, loss } }),
    train: { loss: best.train_loss, ...(best.kd_loss !== null && { kd_loss: best.kd_loss }) },
    best_epoch: best.epoch,
    epochs: history.length,
    images_per_second: imagesPerSecond === null ? null : Math.round(imagesPerSecond),
    parameters,
    macs,
  };
}

function write({ context, data, network }: TrainingDeps, result: TrainingResult): void {
  const { state, batches, history } = result;
  const { classes, imageSize, mean, std } = data.manifest;
  const file = (output: keyof typeof trainingOutputs): string => join(context.out, trainingOutputs[output]);
  writeFileSync(file('weights'), encodeModel({ network, state, classes, format: { imageSize, mean, std }, batches }));
  writeFileSync(file('log'), logOf(history, result.best));
  writeFileSync(file('curves'), curvesOf(history));
}

/**
 * Trains a network as a stage does: from parameters and inputs to the files of the entry.
 *
 * @param context - the running stage
 * @param term - makes the distillation term; null for ordinary training
 * @returns metrics and the record
 * @throws FailureError when inputs do not fit each other, or the loss diverges
 * @throws StageInterrupted when the signal was aborted, after a checkpoint
 */
export async function train(context: StageContext, term: TermMaker | null): Promise<StageOutcome> {
  const params = context.params as unknown as TrainingParams;
  const data = openPacked(inputOf(context, 'data').path);
  try {
    requireValidation(data.manifest, params.select);
    const network = withHeadDropout(networkFor(params.model, data.manifest), params.dropout ?? null);
    const engine = await sharedEngine(params.engine, context.threads);
    const deps = { context, data, network, engine };
    const result = await trainOn(deps, recipeOf(params), term);
    write(deps, result);
    return {
      metrics: metricsOf(result, network),
      environment: {
        engine: { name: engine.name, ...engine.description },
        // No engine has half precision.
        ...(params.amp && { amp: 'float32' }),
      },
    };
  } finally {
    data.close();
  }
}

/**
 * Trains a network on labels alone.
 *
 * @param context - the running stage
 * @returns metrics and the record
 */
export function run(context: StageContext): Promise<StageOutcome> {
  return train(context, null);
}
