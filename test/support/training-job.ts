import { mixings } from '../../src/ml/augment/mix.ts';
import { augmentations } from '../../src/ml/augment/registry.ts';
import { picturesOf } from '../../src/ml/data/batch-loader-for.ts';
import type { ImageForm } from '../../src/ml/data/batches.ts';
import type { PackedDataset } from '../../src/ml/data/packed.ts';
import { directLoader, formFor, type BatchLoader } from '../../src/ml/data/batch-loader.ts';
import type { Engine } from '../../src/ml/engines/engine.ts';
import { createEngine } from '../../src/ml/engines/create-engine.ts';
import { engines, type EngineName } from '../../src/ml/engines/registry.ts';
import { losses } from '../../src/ml/losses/registry.ts';
import { initialState } from '../../src/ml/network/initial.ts';
import { BatchImages } from '../../src/ml/inference/batch-images.ts';
import type { Checkpoint } from '../../src/ml/train/checkpoint.ts';
import { fit, prepare } from '../../src/ml/train/fit.ts';
import type { TrainingResult, TrainingJob } from '../../src/ml/train/job.ts';
import { JointSteps } from '../../src/ml/train/joint-steps.ts';
import type { LossTerms } from '../../src/ml/train/loss-terms.ts';
import { optimizerOf, type Recipe, type RecipeNames } from '../../src/ml/train/recipe.ts';
import { networkFor } from '../../src/ml/inference/trained-model.ts';
import type { TrainingState } from '../../src/ml/train/training-state.ts';
import { decodeParams } from '../../src/params/decode-params.ts';
import type { Values } from '../../src/params/params-of.ts';
import { distillingParams, recipeParams } from '../../src/params/recipe.ts';

/** The recipe's parameters as a pipeline file names them. */
type WrittenRecipe = Values<typeof recipeParams & typeof distillingParams, 'model', RecipeNames>;

const PARAMS: Partial<WrittenRecipe> = {
  model: 'convnet4',
  epochs: 3,
  batch_size: 8,
  lr: 1e-2,
  select: 'last',
  patience: 0,
  seed: 7,
};

const DECLARATION = { params: { ...recipeParams, ...distillingParams }, required: ['model'] } as const;

/** A recipe for tests: three short epochs and the schema's defaults; what matters is said by the test. */
export const recipeWith = (change: Partial<WrittenRecipe> = {}): Recipe =>
  decodeParams(DECLARATION, { ...PARAMS, ...change }, { losses, augmentations, mixings, engines });

/** A checkpoint in memory. */
export function heldCheckpoint(): Checkpoint & { saved: TrainingState | undefined } {
  const held: Checkpoint & { saved: TrainingState | undefined } = {
    saved: undefined,
    load: () => held.saved,
    save: (state) => (held.saved = state),
    saveEnd: (state) => (held.saved = state),
    clear: () => (held.saved = undefined),
  };
  return held;
}

/** Steps on a dataset's training batches. */
export const stepsOn = (engine: Engine, loader: BatchLoader): Pick<TrainingJob, 'batches' | 'steps'> => ({
  batches: loader.count,
  steps: new JointSteps(engine, loader),
});

/** What a test says of a run. */
export interface Run {
  readonly data: PackedDataset;
  readonly recipe?: Partial<WrittenRecipe>;
  readonly model?: string;
  readonly engine?: EngineName;
  readonly threads?: number;
  /** In which training batches come, if they can: validation too, but for squares. The engine's by default. */
  readonly form?: ImageForm;
  readonly kd?: (engine: Engine, job: Pick<TrainingJob, 'network'>, images: BatchImages) => LossTerms;
  readonly change?: Partial<Omit<TrainingJob, 'objectives' | 'steps' | 'batches'>> & { readonly loader?: BatchLoader };
}

/** Trains in an engine of its own, which is gone afterwards. */
export async function train({
  data,
  engine: name = 'wasm',
  threads = 1,
  form,
  ...run
}: Run): Promise<TrainingResult | undefined> {
  const engine = await createEngine(name, { threads });
  try {
    const recipe = recipeWith(run.recipe);
    const network = networkFor(run.model ?? 'convnet4', data.manifest);
    const split = data.split('train');
    const takesPixels = form ? form !== 'normalised' : engine.takesPixels;
    const kept = form === 'squares' ? picturesOf(split, recipe) : null;
    const pictures = kept && engine.keep(kept);
    if (form === 'squares' && !pictures) throw new Error('the pictures do not stay there');
    const as = pictures ? 'squares' : formFor(takesPixels, recipe);
    const { loader = directLoader(split, data.manifest, recipe, as), ...change } = run.change ?? {};
    const arrays = { array: (floats: number) => engine.array(floats), takesPixels };
    const images = new BatchImages(arrays, data.manifest, pictures);
    const job: Omit<TrainingJob, 'objectives'> = {
      ...{ recipe, data, network },
      ...stepsOn(engine, loader),
      images,
      initial: initialState(network, recipe.seed),
      session: engine.session(network, { optimizer: optimizerOf(recipe), average: recipe.ema, threads }),
      kd: run.kd?.(engine, { network }, images) ?? null,
      checkpoint: heldCheckpoint(),
      signal: new AbortController().signal,
      turn: () => Promise.resolve(),
      progress: () => undefined,
      epoch: () => undefined,
      ...change,
    };
    return await fit({ ...job, objectives: prepare(job) });
  } finally {
    await engine.dispose();
  }
}
