import type { JsonObject } from '../../src/core/json.ts';
import type { KdLoss, KdMethod, KdSplit, Sides, TapShapes } from '../../src/ml/methods/kd-method.ts';
import type { AdapterRunner, TapValues } from '../../src/ml/methods/terms/kd-loss.ts';
import { TermInterpreter } from '../../src/ml/methods/tfjs/interpreter.ts';
import type { Shape } from '../../src/ml/network/network.ts';
import { EchoRunner } from './echo-runner.ts';
import { referenceInput, referenceLabels } from './loss-reference.ts';

/** Options of a method with its defaults, as the stage completes them. */
export const optionsOf = (method: KdMethod, given: JsonObject = {}): JsonObject => ({
  ...Object.fromEntries(
    Object.entries(method.options).flatMap(([key, schema]) =>
      'default' in schema ? [[key, schema['default'] as JsonObject]] : [],
    ),
  ),
  ...given,
});

/** A training split of six images of three classes. */
export const someSplit: KdSplit = { labels: Int32Array.of(0, 1, 2, 1, 0, 2), seed: 5 };

/** What a method is evaluated on. */
export interface Evaluation {
  readonly method: KdMethod;
  readonly options?: JsonObject;
  readonly shapes: TapShapes;
  readonly taps: Sides<TapValues>;
  readonly labels?: Int32Array;
  readonly seed?: number;
  readonly step?: number;
  readonly weight?: number;
  /** Runs the term's adapters; those that have learned nothing unless told. */
  readonly runner?: (term: KdLoss) => AdapterRunner;
}

/** Value and gradients of a method on given taps, all of which it reads. */
export function evaluate({ method, shapes, taps, runner = (term) => new EchoRunner(term), ...rest }: Evaluation) {
  const { labels = referenceLabels, seed = 0, step = 0, weight = 1 } = rest;
  const term = method.create(optionsOf(method, rest.options), shapes, shapes, someSplit);
  const indices = Uint32Array.from(labels, (_, image) => image);
  const batch = { taps, labels, indices, draw: { seed, step }, weight };
  return new TermInterpreter(term, shapes).run(batch, runner(term));
}

/** A method over several steps: values of its taps for each, and the images that the student is trained on. */
export interface Steps extends Omit<Evaluation, 'taps' | 'step'> {
  readonly steps: readonly Evaluation['taps'][];
  readonly split: KdSplit;
}

/** Evaluates a method step by step, each seen by its memory before the next; returns all values, and the term. */
export function evaluateSteps(given: Steps) {
  const { method, shapes, steps, split, runner = (made) => new EchoRunner(made) } = given;
  const { labels = referenceLabels, seed = 0, weight = 1 } = given;
  const term = method.create(optionsOf(method, given.options), shapes, shapes, split);
  const [interpreter, running] = [new TermInterpreter(term, shapes), runner(term)];
  const results = steps.map((taps, step) => {
    const indices = Uint32Array.from(labels, (_, image) => (image * 3 + step) % split.labels.length);
    const result = interpreter.run({ taps, labels, indices, draw: { seed, step }, weight }, running);
    term.memory?.update({ indices, outputs: result.outputs });
    return result;
  });
  return { term, results };
}

/** The shape of one image of a reference input: [N, C] or [N, H, W, C]. */
export const shapeOf = (shape: readonly number[]): Shape =>
  shape.length === 2
    ? { height: 1, width: 1, channels: shape[1]! }
    : { height: shape[1]!, width: shape[2]!, channels: shape[3]! };

/** Shapes and values of one tap from two inputs of the reference file, by name. */
export function referenceTap(tap: string, names: Sides<string>): Pick<Evaluation, 'shapes' | 'taps'> {
  const [student, teacher] = [referenceInput(names.student), referenceInput(names.teacher)];
  return {
    shapes: { student: { [tap]: shapeOf(student.shape) }, teacher: { [tap]: shapeOf(teacher.shape) } },
    taps: { student: { [tap]: student.values }, teacher: { [tap]: teacher.values } },
  };
}

/** Shapes of one equally shaped tap on both sides. */
export const alike = (tap: string, shape: Shape): TapShapes => ({
  teacher: { [tap]: shape },
  student: { [tap]: shape },
});
