import { differentiate } from '../../src/ml/algebra/gradients.ts';
import { input } from '../../src/ml/algebra/inputs.ts';
import type { Dimensions, Node } from '../../src/ml/algebra/node.ts';
import { share } from '../../src/ml/algebra/share.ts';
import { evaluateNodes, type Values } from './evaluate-expression.ts';

/** A scalar's value and its gradients in the inputs, by name. */
export interface Evaluated<Name extends string> {
  readonly value: number;
  readonly gradients: Readonly<Record<Name, Float64Array>>;
}

/**
 * Evaluates an expression of inputs of any shapes in float64, and differentiates it in each.
 *
 * @param shapes - of the inputs, by name
 * @param values - of the inputs
 * @param loss - makes a scalar of the inputs
 * @param constants - values of inputs beside those
 * @returns value and gradients by name
 */
export function evaluateLoss<Name extends string>(
  shapes: Readonly<Record<Name, Dimensions>>,
  values: Readonly<Record<Name, Values>>,
  loss: (inputs: Readonly<Record<Name, Node>>) => Node,
  constants: Readonly<Record<string, Values>> = {},
): Evaluated<Name> {
  const names = Object.keys(shapes) as Name[];
  const each = <T>(of: (name: Name, at: number) => T) =>
    Object.fromEntries(names.map((name, at) => [name, of(name, at)])) as Record<Name, T>;
  const inputs = each((name) => input(name, shapes[name]));
  const [root, ...taps] = share([loss(inputs), ...names.map((name) => inputs[name])]);
  const wanted = share([root!, ...differentiate(root!, taps).gradients]);
  const [value, ...gradients] = evaluateNodes(wanted, { ...constants, ...values });
  return { value: value![0]!, gradients: each((_, at) => gradients[at]!) };
}
