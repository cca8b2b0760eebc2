import { appendFileSync } from 'node:fs';
import type { JsonObject } from '../../core/json.ts';
import { countViews } from '../../ml/data/train-batches.ts';
import { requireMethod } from '../../ml/methods/registry.ts';
import { withLastMap } from '../../ml/network/last-map.ts';
import { CombinedKdTerm } from '../../ml/train/combined-kd-term.ts';
import type { KdTermOptions } from '../../ml/train/kd-term.ts';
import { KeptTeacher } from '../../ml/train/kept-teacher.ts';
import { MeanTeacher } from '../../ml/train/mean-teacher.ts';
import { OnnxTeacher } from '../../ml/train/onnx-teacher.ts';
import { optimizerOf } from '../../ml/train/recipe.ts';
import { TeacherPass, type Teacher } from '../../ml/train/teacher-pass.ts';
import { requireSameInput, requireSameStatistics } from '../../ml/inference/input-config.ts';
import { networkOn, readModel, requireSameClasses, type TrainedModel } from '../../ml/inference/trained-model.ts';
import { decodeParams, type DecodedParams } from '../../params/decode-params.ts';
import { distillingParams, recipeParams } from '../../params/recipe.ts';
import { openKeptLogits } from '../inference/run-inference.ts';
import { openPlugins } from '../training/run-plugins.ts';
import type { Plugin } from '../../ml/plugins/plugin.ts';
import { inputOf, type Shared, type StageContext, type StageOutcome } from '../stage-kind.ts';
import {
  recipeRegistries,
  runTraining,
  type TermMaker,
  type TrainingDeps,
  type TrainingParts,
} from '../training/run-training.ts';
import { openOnnxTeachers, type OnnxTeachers } from './run-onnx-teachers.ts';
import { combinationParams, distillRequired, teachingParams } from './params.ts';

const DECLARATION = {
  params: { ...recipeParams, ...distillingParams, ...teachingParams, ...combinationParams },
  required: distillRequired,
} as const;

type Params = DecodedParams<typeof DECLARATION, ReturnType<typeof recipeRegistries>>;

/** Terms of the stage, one or several. Options of a single one stand beside its other parameters. */
function termsOf(
  { kd, kdMethod, kdRatio, kdWeight, ...params }: Params,
  options: JsonObject,
): readonly KdTermOptions[] {
  const ramp = params.ramp ?? 0;
  const weightOf = (ratio = 0, weight?: number): KdTermOptions['weight'] =>
    weight === undefined ? { ratio } : { weight };
  if (kd)
    return kd.map((term) => ({ method: term.method, options: term, ramp, weight: weightOf(term.ratio, term.weight) }));
  if (kdMethod === undefined) throw new Error('parameter kd_method is missing');
  if (kdWeight === 'published') throw new Error('parameter kd_weight is no number: the plan knows it');
  return [{ method: kdMethod, options, ramp, weight: weightOf(kdRatio, kdWeight) }];
}

/** Names of the inputs that teachers come from, and what messages call them. */
function teacherInputs({ teacher }: JsonObject): readonly { readonly input: string; readonly role: string }[] {
  if (!Array.isArray(teacher)) return [{ input: 'teacher', role: 'the teacher' }];
  return teacher.map((_, index) => ({ input: `teacher.${index}`, role: `teacher ${index + 1}` }));
}

/** The teachers, for all students that learn from them on the same batches. */
function openTeachers(
  { context, data: { manifest }, engine, images }: TrainingDeps,
  { onnx, views }: { readonly onnx: OnnxTeachers; readonly views: number },
): Shared<readonly Teacher[]> {
  const { params } = context;
  const made: { dispose(): void }[] = [];
  const dispose = (): void => made.splice(0).forEach((one) => one.dispose());
  const live = (model: TrainedModel): Teacher => {
    const session = engine.session(withLastMap(networkOn(model, manifest)), { optimizer: null });
    made.push(session);
    session.write(model.state);
    const pass = new TeacherPass(session, engine, images, views);
    made.push(pass);
    return pass;
  };
  const opened = ({ input, role }: ReturnType<typeof teacherInputs>[number]): Teacher => {
    const network = onnx.get(input);
    if (network) return new OnnxTeacher(network, views);
    const kept = openKeptLogits(context, input);
    if (kept) return new KeptTeacher(kept.of('train', 'none'), manifest.classes.length);
    const model = readModel(inputOf(context, input).path);
    requireSameClasses(model, manifest, role);
    requireSameInput(model.input, manifest, role);
    // The teacher sees the student's batch.
    requireSameStatistics(model.input, manifest, role);
    return live(model);
  };
  try {
    return { value: teacherInputs(params).map(opened), dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Makes the distillation term of the stage. */
function makeTerm(params: Params, deps: TrainingDeps, onnx: OnnxTeachers): CombinedKdTerm {
  const views = countViews(params);
  const { context, data, network: student, engine, plugins } = deps;
  const { cohort } = context;
  const opened = cohort.share('teachers', () => openTeachers(deps, { onnx, views }));
  const teachers = params.teachersMean === 'logits' ? [new MeanTeacher(opened)] : opened;
  const { seed, batchSize } = params;
  const { labels } = data.split('train');
  const kd = new CombinedKdTerm(
    {
      ...{ teachers, student, labels, batchSize, engine, seed, views },
      ...{ optimizer: optimizerOf(params), methods: plugins.methods },
    },
    termsOf(params, context.params),
  );
  appendFileSync(context.log, `total = ${kd.formula(params.ceWeight ?? 1)}\n`);
  return kd;
}

/** What makes more of the student than its model, where a term's method does. */
function joinOf(params: Params, context: StageContext, { methods }: Plugin): TrainingParts['join'] {
  for (const { method, options } of termsOf(params, context.params)) {
    const { network: join } = requireMethod(method, methods);
    if (!join) continue;
    const teacher = readModel(inputOf(context, 'teacher').path);
    return (model, manifest) => join(options, model, { network: networkOn(teacher, manifest), state: teacher.state });
  }
  return null;
}

/**
 * Trains a student on labels and on what its teachers make of the same images.
 *
 * @param stage - the running stage
 * @returns metrics and the record
 */
export async function run(stage: StageContext): Promise<StageOutcome> {
  const plugins = await openPlugins(stage);
  const params = decodeParams(DECLARATION, stage.params, recipeRegistries(plugins));
  const onnx = await openOnnxTeachers(stage);
  const term: TermMaker = (deps) => makeTerm(params, deps, onnx);
  const join = joinOf(params, stage, plugins);
  return runTraining(stage, params, { term, join, onHost: onnx.size > 0, plugins });
}
