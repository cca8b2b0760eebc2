import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../core/json.ts';
import type { PackedDataset } from '../../ml/data/packed.ts';
import { classification, teacherScores, type Scores, type TeacherScores } from '../../ml/metrics/classification.ts';
import {
  calibrationTable,
  confusionTable,
  perClassTable,
  predictionTable,
  type Measured,
} from '../../ml/metrics/tables.ts';
import { costOf } from '../../ml/network/cost.ts';
import { KeptLogits, type Predicted } from '../../ml/inference/kept-logits.ts';
import { predictOnnx } from '../../ml/inference/onnx/predict-onnx.ts';
import type { InferenceContext } from '../../ml/inference/predict-splits.ts';
import { networkOn, readModel, type TrainedModel } from '../../ml/inference/trained-model.ts';
import { environmentOf } from '../inference/run-engine.ts';
import { openInference, openKeptLogits, runInference } from '../inference/run-inference.ts';
import { isOnnx, openOnnxInput } from '../inference/run-onnx.ts';
import { inputOf, StageInterrupted, type StageContext, type StageOutcome } from '../stage-kind.ts';

/** A split measured in one way, and compared with the teacher where there is one. */
interface Evaluated extends Measured {
  readonly teacher: TeacherScores | undefined;
}

/** Whom the network is compared with; nobody when that is the network itself. */
function teacherOf(context: StageContext): TrainedModel | KeptLogits | 'onnx' | undefined {
  if (context.params['teacher'] === undefined) return undefined;
  const [of, teacher] = [inputOf(context, 'of'), inputOf(context, 'teacher')];
  if (isOnnx(context, 'teacher')) return 'onnx';
  const kept = openKeptLogits(context, 'teacher');
  if ((kept?.origin.weights ?? teacher.digest) === of.digest) return undefined;
  return kept ?? readModel(teacher.path);
}

/** Finds the teacher's logits of one prediction's images. */
type TeacherLogits = (prediction: Pick<Predicted, 'split' | 'tta'>) => Float32Array | undefined;

/** What a teacher that is an ONNX model says of the images. */
async function saidByOnnx(stage: StageContext, context: InferenceContext): Promise<readonly Predicted[]> {
  const network = await openOnnxInput(stage, 'teacher', context.data.manifest);
  try {
    const predicted = await predictOnnx(context, network, 'the teacher');
    if (!predicted) throw new StageInterrupted();
    return predicted;
  } finally {
    await network.close();
  }
}

/** The teacher's logits of the same images: kept ones, or computed now. */
async function openTeacherLogits(
  stage: StageContext,
  context: InferenceContext,
  teacher: ReturnType<typeof teacherOf>,
): Promise<TeacherLogits> {
  if (!teacher) return () => undefined;
  if (teacher instanceof KeptLogits) return ({ split, tta }) => teacher.of(split, tta);
  const predicted =
    teacher === 'onnx'
      ? await saidByOnnx(stage, context)
      : (await runInference(context, teacher, 'the teacher')).predicted;
  return (wanted) => predicted.find(({ split, tta }) => split === wanted.split && tta === wanted.tta)?.logits;
}

function evaluateSplit(
  data: PackedDataset,
  { split: name, tta, logits }: Predicted,
  teacher?: Float32Array,
): Evaluated {
  const { labels, names } = data.split(name);
  const predictions = { logits, labels, classes: data.manifest.classes.length };
  return {
    split: name,
    tta,
    names,
    predictions,
    result: classification(predictions),
    teacher: teacher && teacherScores(predictions, teacher),
  };
}

/** `{ test: { accuracy, …, tta: { accuracy, … } } }`. */
function metricsOf(all: readonly Evaluated[], cost: { parameters: number; macs: number }): JsonObject {
  const splits: Record<string, JsonObject> = {};
  for (const { split, tta, result, teacher } of all) {
    const scores: JsonObject = { ...(result.scores satisfies Scores), ...teacher };
    splits[split] = { ...splits[split], ...(tta === 'none' ? scores : { tta: scores }) };
  }
  return { ...splits, parameters: cost.parameters, macs: cost.macs };
}

/**
 * Measures a network and writes metrics, scores of each class, confusion matrices, reliability tables and predictions.
 *
 * @param context - the running stage
 * @returns the metrics; what the machine adds, its speed, is in no file, so that equal networks give equal bytes
 * @throws FailureError when network, teacher and dataset do not fit each other
 * @throws StageInterrupted when the signal was aborted; the next run starts over
 */
export async function run(context: StageContext): Promise<StageOutcome> {
  const model = readModel(inputOf(context, 'of').path);
  const teacher = teacherOf(context);
  const inference = await openInference(context, teacher && !(teacher instanceof KeptLogits) ? 2 : 1);
  const { data, engine } = inference;
  try {
    const { predicted, imagesPerSecond } = await runInference(inference, model, 'the network');
    const ofTeacher = await openTeacherLogits(context, inference, teacher);
    const all = predicted.map((one) => evaluateSplit(data, one, ofTeacher(one)));
    const metrics = metricsOf(all, costOf(networkOn(model, data.manifest)));
    const write = (file: string, text: string): void => writeFileSync(join(context.out, file), text);
    write('metrics.json', `${JSON.stringify(metrics, null, 2)}\n`);
    write('per-class.csv', perClassTable(all, model.classes));
    write('confusion.csv', confusionTable(all, model.classes));
    write('calibration.csv', calibrationTable(all));
    write('predictions.csv', predictionTable(all, model.classes));
    const environment = environmentOf(context, engine);
    return { metrics: { ...metrics, images_per_second: imagesPerSecond }, environment };
  } finally {
    data.close();
  }
}
