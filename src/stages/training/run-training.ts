import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../core/json.ts';
import { isFailure } from '../../core/failure.ts';
import { mixings } from '../../ml/augment/mix.ts';
import { augmentations, type Augmentations } from '../../ml/augment/registry.ts';
import { openPacked } from '../../ml/data/open.ts';
import type { PackedDataset, PackedManifest } from '../../ml/data/packed.ts';
import type { Engine } from '../../ml/engines/engine.ts';
import { engines } from '../../ml/engines/registry.ts';
import { Workspace } from '../../ml/engines/workspace.ts';
import { losses } from '../../ml/losses/registry.ts';
import type { JoinedNetwork } from '../../ml/methods/kd-method.ts';
import { costOf } from '../../ml/network/cost.ts';
import { withHeadDropout } from '../../ml/network/head-dropout.ts';
import type { Network, StateDict } from '../../ml/network/network.ts';
import type { BatchImages } from '../../ml/inference/batch-images.ts';
import { checkpointIn, type Checkpoint } from '../../ml/train/checkpoint.ts';
import { fit, prepare } from '../../ml/train/fit.ts';
import { precisionFrom, precisionWarning } from '../../ml/train/precision.ts';
import type { Precision } from '../../ml/train/training-state.ts';
import type { TrainingResult, TrainingJob } from '../../ml/train/job.ts';
import type { LossTerms } from '../../ml/train/loss-terms.ts';
import { optimizerOf, type Recipe } from '../../ml/train/recipe.ts';
import { curvesOf, epochLine, epochNumbers, keptLine, logOf, paceNumbers } from '../../ml/train/records.ts';
import { encodeModel, networkFor } from '../../ml/inference/trained-model.ts';
import { requireValidation } from '../../ml/train/validate.ts';
import { roundedToHalf } from '../../ml/weights/round-half.ts';
import { engineOf, environmentOf } from '../inference/run-engine.ts';
import type { Plugin } from '../../ml/plugins/plugin.ts';
import { inputOf, StageInterrupted, type StageContext, type StageOutcome } from '../stage-kind.ts';
import { trainingOutputs } from './recipe.ts';
import { openImages, openSteps } from './run-batches.ts';
import { initialWeights, type Beginning } from './run-beginning.ts';

/** Registries whose names a recipe holds. */
const RECIPE_REGISTRIES = { losses, augmentations, mixings, engines } as const;

/** What beside its recipe makes a training. */
export interface TrainingParts {
  /** Makes the distillation term; null for ordinary training. */
  readonly term: TermMaker | null;
  /** Makes what is trained of the model; null where that is the model itself. */
  readonly join: ((model: Network, manifest: PackedManifest) => JoinedNetwork) | null;
  /** Whether the term reads the images of batches itself. */
  readonly onHost: boolean;
  /** What plugins add. */
  readonly plugins: Required<Plugin>;
}

/**
 * Registries whose names a recipe holds.
 *
 * @param plugins - what plugins add
 * @returns entries by registry and name
 */
export const recipeRegistries = (plugins: Required<Plugin>) => ({
  ...RECIPE_REGISTRIES,
  losses: { ...RECIPE_REGISTRIES.losses, ...plugins.losses } as Required<Plugin>['losses'],
  augmentations: { ...RECIPE_REGISTRIES.augmentations, ...plugins.augmentations } as Augmentations,
});

/** Distillation terms that hold memory of the engine. */
export interface DisposableTerm extends LossTerms {
  dispose(): void;
}

/** Where a distillation term comes from. */
export interface TrainingDeps {
  readonly context: StageContext;
  readonly data: PackedDataset;
  /** What is trained: the model, or more. */
  readonly network: Network;
  readonly engine: Engine;
  /** Whether terms read the images of batches themselves: they are then normalised, and lie here. */
  readonly onHost: boolean;
  readonly plugins: TrainingParts['plugins'];
  /** Where batches lie. */
  readonly images: BatchImages;
}

/** The same before any memory is taken. */
type RunDeps = Omit<TrainingDeps, 'images'> & Beginning;

/** Makes the distillation term of a stage. */
export type TermMaker = (deps: TrainingDeps) => DisposableTerm;

/** How a run is trained, beside its recipe. */
interface Way {
  readonly term: TermMaker | null;
  readonly checkpoint: Checkpoint;
  /** Where the recipe asks for half precision. */
  readonly precision?: Precision;
}

/** What a run holds in the engine. */
interface EngineResources extends Pick<TrainingJob, 'session' | 'images' | 'kd' | 'objectives'> {
  readonly dispose: () => void;
}

/** A trained network, and how its images came to the engine where that is worth a note. */
type Trained = TrainingResult & { readonly images: string | null };

/** Takes all the memory that training will need; where there is too little, none. */
function allocate(deps: RunDeps, recipe: Recipe, { term, precision = 'float32' }: Way): EngineResources {
  const { context, data, network, engine, plugins } = deps;
  const { cohort } = context;
  const allocated: { dispose(): void }[] = [];
  const keep = <T extends { dispose(): void }>(resource: T): T => {
    allocated.push(resource);
    return resource;
  };
  const dispose = (): void => allocated.splice(0).forEach((resource) => resource.dispose());
  // The members' steps never run at the same time.
  const workspace = cohort.share('workspace', () => ({ value: new Workspace(), dispose: () => undefined }));
  try {
    const images = cohort.share('images', () => openImages(deps, recipe));
    const kd = term ? keep(term({ ...deps, images })) : null;
    const amp = precision !== 'float32';
    const options = { optimizer: optimizerOf(recipe), average: recipe.ema, workspace, amp };
    const session = keep(engine.session(network, options));
    const objectives = prepare({ session, images, kd, recipe, data, losses: plugins.losses });
    return { session, images, kd, objectives, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Allocates a run's memory as soon as there is room for it beside the others of its cohort. */
async function allocateWhenFree(deps: RunDeps, recipe: Recipe, way: Way): Promise<EngineResources> {
  for (;;) {
    try {
      return allocate(deps, recipe, way);
    } catch (error) {
      if (!isFailure(error, 'does-not-fit') || !(await deps.context.cohort.stepAside())) throw error;
      const [reason] = error.failures;
      appendFileSync(deps.context.log, `waited until others had ended: ${reason?.message} (${reason?.expected})\n`);
    }
  }
}

const logTo =
  ({ log }: StageContext) =>
  (line: string): void =>
    appendFileSync(log, `${line}\n`);

/** The stage's own checkpoint, else the end of a shorter training. */
function checkpointOf({ scratch, beginning, tell }: StageContext, log: (line: string) => void): Checkpoint {
  const warn = (message: string): void => tell({ type: 'warning', message });
  if (!beginning) return checkpointIn(scratch, warn);
  const { path, cell, key, length } = beginning;
  const taken = (): void => log(`continues after ${length} epochs of ${cell} (${key.slice(0, 12)})`);
  return checkpointIn(scratch, warn, { path, taken });
}

/** Trains in one precision. */
async function trainIn(deps: RunDeps, recipe: Recipe, way: Way): Promise<Trained> {
  const { context, data, network } = deps;
  const { signal, tell, cohort } = context;
  const log = logTo(context);
  const { checkpoint, precision } = way;
  const { dispose, ...compiled } = await allocateWhenFree(deps, recipe, way);
  try {
    const { batches, steps } = cohort.share('steps', () =>
      openSteps({ ...deps, images: compiled.images }, recipe, compiled.kd),
    );
    const result = await fit({
      recipe,
      data,
      network,
      engine: deps.engine.name,
      signal,
      ...compiled,
      ...{ batches, steps },
      turn: (place) => cohort.reach(place),
      initial: initialWeights(deps, recipe.seed),
      checkpoint,
      ...(precision && { precision }),
      progress: (progress) => tell({ type: 'progress', unit: 'epochs', ...progress }),
      epoch: (row, pace) => {
        tell({ type: 'metric', row: { ...epochNumbers(row), ...paceNumbers(pace) } });
        log(epochLine(row));
      },
    });
    if (!result) throw new StageInterrupted();
    log(keptLine(result.best));
    return { ...result, images: compiled.images.note };
  } finally {
    dispose();
  }
}

/** Trains in half precision where the engine has it; in float32 from the start, where a loss is not finite and the recipe says so. */
async function trainWithAmp(deps: RunDeps, recipe: Recipe, way: Way): Promise<Trained> {
  const { context, engine } = deps;
  const { checkpoint } = way;
  const saved = checkpoint.load();
  const precision = precisionFrom(engine.halfPrecision, saved?.position);
  const log = logTo(context);
  const warn = (message: string): void => {
    log(message);
    context.tell({ type: 'warning', message });
  };
  const warning = precisionWarning(precision, saved?.position);
  if (warning !== null) warn(warning);
  log(`amp: products of training in ${precision}`);
  try {
    return await trainIn(deps, recipe, { ...way, precision, checkpoint: { ...checkpoint, load: () => saved } });
  } catch (error) {
    if (recipe.onNan !== 'retry-float32' || precision === 'float32' || !isFailure(error, 'non-finite-loss'))
      throw error;
    warn(`in ${precision} ${(error as Error).message}; on_nan is retry-float32: training starts anew in float32`);
    checkpoint.clear();
    return trainIn(deps, recipe, {
      ...way,
      precision: 'float32',
      checkpoint: { ...checkpoint, load: () => undefined },
    });
  }
}

function trainOn(deps: RunDeps, recipe: Recipe, term: TermMaker | null): Promise<Trained> {
  const way = { term, checkpoint: checkpointOf(deps.context, logTo(deps.context)) };
  return (recipe.amp ? trainWithAmp : trainIn)(deps, recipe, way);
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

/** The weights as they are kept. */
function keptState({ keptWeights }: Recipe, state: StateDict): StateDict {
  if (keptWeights === 'float32') return state;
  return new Map([...state].map(([name, values]) => [name, roundedToHalf(values)]));
}

function writeOutputs({ context, data, network }: RunDeps, recipe: Recipe, result: TrainingResult): void {
  const { batches, history } = result;
  const state = keptState(recipe, result.state);
  const { classes, mean, std, interpolation, cropPct } = data.manifest;
  const input = { statistics: { mean, std }, interpolation, crop: cropPct };
  const file = (output: keyof typeof trainingOutputs): string => join(context.out, trainingOutputs[output]);
  writeFileSync(file('weights'), encodeModel({ network, state, classes, input, batches }));
  writeFileSync(file('log'), logOf(history, result.best));
  writeFileSync(file('curves'), curvesOf(history));
}

/**
 * Trains a network as a stage does: from parameters and inputs to the files of the entry.
 *
 * @param context - the running stage
 * @param recipe - its decoded parameters
 * @param parts - its term, and what plugins add
 * @returns metrics and the record
 * @throws FailureError when inputs do not fit each other, or the loss diverges
 * @throws StageInterrupted when the signal was aborted, after a checkpoint
 */
export async function runTraining(context: StageContext, recipe: Recipe, parts: TrainingParts): Promise<StageOutcome> {
  const { term, join, onHost, plugins } = parts;
  const data = openPacked(inputOf(context, 'data').path);
  try {
    requireValidation(data.manifest, recipe.select);
    const model = networkFor(recipe.model, data.manifest, plugins.models);
    const joined = join?.(model, data.manifest) ?? null;
    const network = withHeadDropout(joined?.network ?? model, recipe.dropout);
    const engine = await engineOf(context, recipe.engine);
    const deps = { context, data, model, joined, network, engine, onHost, plugins };
    const result = await trainOn(deps, recipe, term);
    writeOutputs(deps, recipe, result);
    return {
      metrics: metricsOf(result, network),
      environment: {
        ...environmentOf(context, engine),
        ...(result.engines.length > 1 && { engines: result.engines }),
        ...(result.precision && { amp: result.precision }),
        ...(result.images !== null && { images: result.images }),
      },
    };
  } finally {
    data.close();
  }
}
