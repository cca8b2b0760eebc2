import { ACTIVATIONS } from '../primitives.ts';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const clip = (x: number, high: number): number => (x < 0 ? 0 : x > high ? high : x);
const inside = (x: number, low: number, high: number): number => (x > low && x < high ? 1 : 0);

interface Curve {
  value(x: number): number;
  slope(x: number): number;
}

/** Functions and derivatives by code; at the borders of their pieces the derivatives are PyTorch's. */
const CURVES: ReadonlyMap<number, Curve> = new Map<number, Curve>([
  [ACTIVATIONS.none, { value: (x) => x, slope: () => 1 }],
  [ACTIVATIONS.relu, { value: (x) => clip(x, Infinity), slope: (x) => inside(x, 0, Infinity) }],
  [ACTIVATIONS.relu6, { value: (x) => clip(x, 6), slope: (x) => inside(x, 0, 6) }],
  [ACTIVATIONS.silu, { value: (x) => x * sigmoid(x), slope: (x) => sigmoid(x) * (1 + x * sigmoid(-x)) }],
  [ACTIVATIONS.sigmoid, { value: sigmoid, slope: (x) => sigmoid(x) * sigmoid(-x) }],
  [ACTIVATIONS['hard-sigmoid'], { value: (x) => clip(x + 3, 6) / 6, slope: (x) => inside(x, -3, 3) / 6 }],
]);

function curve(code: number): Curve {
  const found = CURVES.get(code);
  if (!found) throw new Error(`no activation has the code ${code}`);
  return found;
}

/**
 * Applies an activation.
 *
 * @param x - value
 * @param activation - code of `ACTIVATIONS`
 * @returns the activated value
 */
export function activate(x: number, activation: number): number {
  return curve(activation).value(x);
}

/**
 * Derivative of an activation.
 *
 * @param x - value before the activation; for a ReLU also the value after it
 * @param activation - code of `ACTIVATIONS`
 * @returns dy/dx
 */
export function slope(x: number, activation: number): number {
  return curve(activation).slope(x);
}
