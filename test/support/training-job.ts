import type { PackedDataset } from '../../src/ml/data/packed.ts';
import { directLoader } from '../../src/ml/data/batch-loader.ts';
import type { Engine } from '../../src/ml/engines/engine.ts';
import { createEngine } from '../../src/ml/engines/create-engine.ts';
import type { EngineName } from '../../src/ml/engines/registry.ts';
import { initialState } from '../../src/ml/network/initial.ts';
import type { Checkpoint } from '../../src/ml/train/checkpoint.ts';
import { fit, prepare } from '../../src/ml/train/fit.ts';
import type { TrainingResult, TrainingJob, LossTerm } from '../../src/ml/train/job.ts';
import { recipeOf, type RecipeParams } from '../../src/ml/train/recipe.ts';
import { networkFor } from '../../src/ml/train/trained-model.ts';
import type { TrainingState } from '../../src/ml/train/training-state.ts';

const PARAMS: RecipeParams = {
  epochs: 3,
  batch_size: 8,
  optimizer: 'adamw',
  lr: 1e-2,
  weight_decay: 5e-4,
  momentum: 0.9,
  warmup: false,
  warmup_ratio: 0.05,
  warmup_lr: 1e-6,
  schedule: 'cosine',
  min_lr: 1e-6,
  step_size: 30,
  step_gamma: 0.1,
  t_max: 10,
  loss: 'cross-entropy',
  poly_epsilon: 2,
  focal_gamma: 2,
  label_smoothing: 0.1,
  class_balance: false,
  crop: 'random',
  flip: false,
  augment: 'none',
  mixup: 'none',
  select: 'last',
  patience: 0,
  ema: false,
  rdrop: false,
  rdrop_alpha: 0.3,
  rdrop_reduction: 'sum',
  seed: 7,
};

/** A recipe for tests: three short epochs; what matters is said by the test. */
export const recipeWith = (change: Partial<RecipeParams> = {}) => recipeOf({ ...PARAMS, ...change });

/** A checkpoint in memory. */
export function heldCheckpoint(): Checkpoint & { saved: TrainingState | undefined } {
  const held: Checkpoint & { saved: TrainingState | undefined } = {
    saved: undefined,
    load: () => held.saved,
    save: (state) => (held.saved = state),
  };
  return held;
}

/** What a test says of a run. */
export interface Run {
  readonly data: PackedDataset;
  readonly recipe?: Partial<RecipeParams>;
  readonly model?: string;
  readonly engine?: EngineName;
  readonly threads?: number;
  readonly kd?: (engine: Engine, job: Pick<TrainingJob, 'network'>) => LossTerm;
  readonly change?: Partial<TrainingJob>;
}

/** Trains in an engine of its own, which is gone afterwards. */
export async function train({
  data,
  engine: name = 'wasm',
  threads = 1,
  ...run
}: Run): Promise<TrainingResult | undefined> {
  const engine = await createEngine(name, { threads });
  try {
    const recipe = recipeWith(run.recipe);
    const network = networkFor(run.model ?? 'convnet4', data.manifest);
    const job: TrainingJob = {
      ...{ recipe, data, network },
      loader: directLoader(data.split('train'), data.manifest, recipe),
      initial: initialState(network, recipe.seed),
      session: engine.session(network, { optimizer: recipe.optimizer, average: recipe.ema, threads }),
      kd: run.kd?.(engine, { network }) ?? null,
      checkpoint: heldCheckpoint(),
      signal: new AbortController().signal,
      turn: () => Promise.resolve(),
      progress: () => undefined,
      epoch: () => undefined,
      ...run.change,
    };
    prepare(job);
    return await fit(job);
  } finally {
    await engine.dispose();
  }
}
