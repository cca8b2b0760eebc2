import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../core/json.ts';
import { openPacked } from '../../ml/data/open.ts';
import type { PackedDataset } from '../../ml/data/packed.ts';
import { supplyOf } from '../../ml/data/supply-of.ts';
import type { Engine } from '../../ml/engines/engine.ts';
import { costOf } from '../../ml/network/cost.ts';
import { initialState } from '../../ml/network/initial.ts';
import type { Network, StateDict } from '../../ml/network/network.ts';
import { checkpointIn } from '../../ml/train/checkpoint.ts';
import { fit } from '../../ml/train/fit.ts';
import type { Fitted, KdTerm } from '../../ml/train/job.ts';
import { recipeOf, type RecipeParams } from '../../ml/train/recipe.ts';
import { sharedEngine } from '../../ml/train/shared-engine.ts';
import { curvesOf, epochLine, keptLine, logOf } from '../../ml/train/records.ts';
import { encodeModel, networkFor, readModel, requireSameModel } from '../../ml/train/trained-model.ts';
import { requireValidation } from '../../ml/train/validate.ts';
import { inputOf, StageInterrupted, type StageContext, type StageOutcome } from '../stage-kind.ts';
import { trainingOutputs } from './recipe.ts';

/** Parameters of a training stage, as the kind's schema has checked and completed them. */
export interface TrainingParams extends RecipeParams {
  readonly model: string;
  readonly amp: boolean;
  readonly engine: 'auto' | 'wasm' | 'reference';
}

/** What a distilling stage adds to ordinary training. */
export interface Addition {
  readonly kd: KdTerm;
  readonly dispose: () => void;
}

/** Where a distillation term comes from. */
export interface Surroundings {
  readonly context: StageContext;
  readonly data: PackedDataset;
  readonly network: Network;
  readonly engine: Engine;
}

function initialWeights({ context, network }: Surroundings, seed: number): StateDict {
  if (context.params['weights'] === undefined) return initialState(network, seed);
  const given = readModel(inputOf(context, 'weights').path);
  requireSameModel(given, network);
  return given.state;
}

async function fitted(surroundings: Surroundings, params: TrainingParams, kd: KdTerm | null): Promise<Fitted> {
  const { context, data, network, engine } = surroundings;
  const { threads, signal, tell } = context;
  const say = (line: string): void => appendFileSync(context.log, `${line}\n`);
  const recipe = recipeOf(params);
  const session = engine.session(network, { optimizer: recipe.optimizer, average: recipe.ema, threads });
  const supply = supplyOf(data, inputOf(context, 'data').path, recipe);
  try {
    const result = await fit({
      ...{ recipe, data, supply, network, session, kd, signal },
      initial: initialWeights(surroundings, recipe.seed),
      checkpoint: checkpointIn(context.scratch, (message) => tell({ type: 'warning', message })),
      progress: (progress) => tell({ type: 'progress', unit: 'epochs', ...progress }),
      epoch: (row, speed) => {
        tell({ type: 'metric', row: { ...row, images_per_second: Math.round(speed) } });
        say(epochLine(row));
      },
    });
    if (!result) throw new StageInterrupted();
    say(keptLine(result.best));
    return result;
  } finally {
    session.dispose();
    await supply.close();
  }
}

/** `val.accuracy` and the like, as tables name them; nothing of a split without images. */
function metricsOf({ best, history, imagesPerSecond }: Fitted, network: Network): JsonObject {
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

function write({ context, data, network }: Surroundings, result: Fitted): void {
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
 * @param adding - makes the distillation term; null for ordinary training
 * @returns metrics and the record
 * @throws FailureError when inputs do not fit each other, or the loss diverges
 * @throws StageInterrupted when the signal was aborted, after a checkpoint
 */
export async function train(
  context: StageContext,
  adding: ((surroundings: Surroundings) => Addition) | null,
): Promise<StageOutcome> {
  const params = context.params as unknown as TrainingParams;
  const data = openPacked(inputOf(context, 'data').path);
  let added: Addition | null = null;
  try {
    requireValidation(data.manifest, params.select);
    const network = networkFor(params.model, data.manifest);
    const engine = sharedEngine(params.engine, context.threads);
    const surroundings = { context, data, network, engine };
    added = adding?.(surroundings) ?? null;
    const result = await fitted(surroundings, params, added?.kd ?? null);
    write(surroundings, result);
    return {
      metrics: metricsOf(result, network),
      environment: {
        engine: { name: engine.name, ...engine.description },
        // No engine has half precision.
        ...(params.amp && { amp: 'float32' }),
      },
    };
  } finally {
    added?.dispose();
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
