import type { Dimensions, Node } from '../../src/ml/methods/algebra/node.ts';
import { reshape } from '../../src/ml/methods/algebra/matrices.ts';
import { sizeOf } from '../../src/ml/methods/algebra/node.ts';
import type { KdLoss, StepArrays } from '../../src/ml/methods/kd-method.ts';
import { TermInterpreter } from '../../src/ml/methods/tfjs/interpreter.ts';

/**
 * Evaluates an expression of student taps of any shapes, and differentiates it in each.
 *
 * @param shapes - of the inputs, by name
 * @param values - of the inputs
 * @param loss - makes a scalar of the inputs
 * @param arrays - values of step inputs
 * @returns value and gradients by name
 */
export function evaluateLoss<Name extends string>(
  shapes: Readonly<Record<Name, Dimensions>>,
  values: Readonly<Record<Name, Float32Array>>,
  loss: (inputs: Readonly<Record<Name, Node>>) => Node,
  arrays: StepArrays = {},
): { readonly value: number; readonly gradients: Readonly<Record<Name, Float32Array>> } {
  const names = Object.keys(shapes) as Name[];
  const each = <T>(of: (name: Name) => T) =>
    Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, T>;
  // One image, one row of values: whatever shape they have, a tap can hold them.
  const taps = each((name) => ({ height: 1, width: 1, channels: sizeOf(shapes[name]) }));
  const term: KdLoss = {
    loss: ({ student }) => loss(each((name) => reshape(student(name), shapes[name]))),
    fill: () => arrays,
  };
  const batch = {
    ...{ taps: { student: values, teacher: {} }, labels: Int32Array.of(0), indices: Uint32Array.of(0) },
    ...{ draw: { seed: 0, step: 0 }, weight: 1 },
  };
  const { value, gradients } = new TermInterpreter(term, { student: taps, teacher: {} }).run(batch);
  return { value, gradients: each((name) => gradients[name]!) };
}
