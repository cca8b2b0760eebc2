import { fail } from '../../core/failure.ts';
import type { JsonObject } from '../../core/json.ts';
import type { PackedManifest } from '../../ml/data/packed.ts';
import { Combination } from '../../ml/train/combination.ts';
import type { DistillationOptions } from '../../ml/train/distillation.ts';
import { recipeOf, type RecipeParams } from '../../ml/train/recipe.ts';
import { TeacherPass } from '../../ml/train/teacher-pass.ts';
import { networkFor, readModel, requireSameClasses, type TrainedModel } from '../../ml/train/trained-model.ts';
import { inputOf, type StageContext, type StageOutcome } from '../stage-kind.ts';
import { train, type Addition, type Surroundings } from '../train-teacher/run.ts';

/** Parameters that say what is distilled how; options of the method stand beside them. */
interface Params {
  readonly kd_method: string;
  readonly kd_ratio?: number;
  readonly kd_weight?: number;
}

function optionsOf(params: JsonObject): DistillationOptions {
  const { kd_method: method, kd_ratio: ratio = 0, kd_weight: weight } = params as unknown as Params;
  return { method, options: params, weight: weight === undefined ? { ratio } : { weight } };
}

/** The teacher sees the student's batch: it must have been trained on pixels that were normalised alike. */
function requireSameStatistics({ format }: TrainedModel, { mean, std }: PackedManifest): void {
  const text = (of: Pick<PackedManifest, 'mean' | 'std'>): string => `mean ${of.mean.join()}, std ${of.std.join()}`;
  if (text(format) === text({ mean, std })) return;
  fail({
    code: 'other-normalisation',
    message: `the teacher was trained on images normalised by ${text(format)}`,
    expected: `the dataset's ${text({ mean, std })}`,
    fix: "train the teacher on this dataset, or give both datasets the same mean_std (e.g. 'imagenet')",
  });
}

function distillation({ context, data, network, engine }: Surroundings): Addition {
  const model = readModel(inputOf(context, 'teacher').path);
  requireSameClasses(model, data.manifest, 'the teacher');
  requireSameStatistics(model, data.manifest);
  const own = networkFor(model.network.model, data.manifest);
  const teacher = engine.session(own, { optimizer: null, threads: context.threads });
  try {
    teacher.write(model.state);
    const { optimizer, seed } = recipeOf(context.params as unknown as RecipeParams);
    const setting = {
      teachers: [new TeacherPass(teacher)],
      labels: data.split('train').labels,
      student: network,
      engine,
      optimizer,
      seed,
      threads: context.threads,
    };
    const kd = new Combination(setting, [optionsOf(context.params)]);
    const dispose = (): void => {
      kd.dispose();
      teacher.dispose();
    };
    return { kd, dispose };
  } catch (error) {
    teacher.dispose();
    throw error;
  }
}

/**
 * Trains a student on labels and on what its teacher makes of the same images.
 *
 * @param context - the running stage
 * @returns metrics and the record
 */
export function run(context: StageContext): Promise<StageOutcome> {
  return train(context, distillation);
}
