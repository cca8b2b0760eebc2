import { tensor, tidy, valueAndGrads, type Tensor } from '@tensorflow/tfjs-core';
import './tensorflow.ts';
import type { Shape } from '../network/network.ts';
import type { KdLoss, Sides, TapShapes } from './kd-method.ts';

/** Values of one side's taps by name: `logits` [N, C], maps [N, H, W, C], dense. */
export type TapValues = Readonly<Record<string, Float32Array>>;

/** L_kd of a batch and its gradient in each of the student's taps, laid out as the tap. */
export interface KdTermValue {
  readonly value: number;
  readonly gradients: TapValues;
}

const dimensions = (tap: string, batch: number, { height, width, channels }: Shape): number[] =>
  tap === 'logits' ? [batch, channels] : [batch, height, width, channels];

function tensors(values: TapValues, shapes: Readonly<Record<string, Shape>>, batch: number): Record<string, Tensor> {
  const made: Record<string, Tensor> = {};
  for (const [tap, shape] of Object.entries(shapes)) {
    const flat = values[tap];
    if (!flat) throw new Error(`no values of tap ${tap}`);
    // The engine reuses the memory behind `flat` in the next step, and a tensor may keep what it is given.
    made[tap] = tensor(flat.slice(), dimensions(tap, batch, shape));
  }
  return made;
}

/**
 * Evaluates a distillation term and differentiates it in the student's taps. No tensor outlives the call.
 *
 * @param term - made by a method for `shapes`
 * @param shapes - of both sides' taps
 * @param taps - values of both sides' taps
 * @param labels - class indices [N]
 * @returns the unweighted value and its gradients
 */
export function kdTerm(term: KdLoss, shapes: TapShapes, taps: Sides<TapValues>, labels: Int32Array): KdTermValue {
  const names = Object.keys(shapes.student);
  let result: KdTermValue | undefined;
  tidy(() => {
    const teacher = tensors(taps.teacher, shapes.teacher, labels.length);
    const student = tensors(taps.student, shapes.student, labels.length);
    const classes = tensor(labels.slice(), [labels.length], 'int32');
    const { value, grads } = valueAndGrads((...inputs: Tensor[]) => {
      const named = Object.fromEntries(names.map((name, index) => [name, inputs[index] as Tensor]));
      return term.loss({ teacher, student: named, labels: classes });
    })(Object.values(student));
    const gradients = Object.fromEntries(names.map((name, index) => [name, grads[index]?.dataSync() as Float32Array]));
    // Not returned from here: tidy would look for tensors among the numbers, one by one.
    result = { value: value.dataSync()[0] ?? NaN, gradients };
  });
  if (!result) throw new Error('the distillation term was not evaluated');
  return result;
}
