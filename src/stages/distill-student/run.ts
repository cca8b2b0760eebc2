import { fail } from '../../core/failure.ts';
import type { JsonObject } from '../../core/json.ts';
import type { PackedManifest } from '../../ml/data/packed.ts';
import { Distillation, type DistillationOptions } from '../../ml/train/distillation.ts';
import { recipeOf, type RecipeParams } from '../../ml/train/recipe.ts';
import { TeacherPass } from '../../ml/train/teacher-pass.ts';
import { networkFor, readModel, requireSameClasses, type TrainedModel } from '../../ml/train/trained-model.ts';
import { inputOf, type Shared, type StageContext, type StageOutcome } from '../stage-kind.ts';
import { train, type Surroundings } from '../train-teacher/run.ts';

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

/** The teacher, for all students that learn from it on the same batches. */
function teacherOf({ context, data, engine }: Surroundings): Shared<TeacherPass> {
  const model = readModel(inputOf(context, 'teacher').path);
  requireSameClasses(model, data.manifest, 'the teacher');
  requireSameStatistics(model, data.manifest);
  const network = networkFor(model.network.model, data.manifest);
  const session = engine.session(network, { optimizer: null, threads: context.threads });
  session.write(model.state);
  return { value: new TeacherPass(session), dispose: () => session.dispose() };
}

function distillation(surroundings: Surroundings): Distillation {
  const { context, network, engine } = surroundings;
  const teacher = context.cohort.share('teacher', () => teacherOf(surroundings));
  const { optimizer, seed } = recipeOf(context.params as unknown as RecipeParams);
  const setting = { teacher, student: network, engine, optimizer, seed, threads: context.threads };
  return new Distillation(setting, optionsOf(context.params));
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
