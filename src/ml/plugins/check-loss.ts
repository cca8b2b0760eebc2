import type { Node } from '../algebra/node.ts';
import { evaluateExpressions, type InputArrays } from '../engines/evaluate-expression.ts';
import { refusing } from './refusing.ts';

/** What is known of a loss after it was tried. */
export interface LossCheck {
  /** Its value on some batch. */
  readonly loss: number;
  /** Largest difference of a slope of the gradient and of the loss itself, as a share of both. */
  readonly difference: number;
}

/** A loss as an expression on a batch, its gradients, and the arrays that it reads. */
export interface TriedLoss {
  /** The scalar, then its gradient in each of the arrays that it is differentiated in. */
  readonly roots: readonly Node[];
  /** Sizes of these arrays by their names among the inputs. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Values of everything else. */
  readonly inputs: InputArrays;
}

/** Steps of finite differences, and how far they may be off: rounding over the step, and the third derivative. */
const STEP = 2 ** -16;
const TOLERANCE = 1e-6;

/**
 * Numbers between 0.5 and 1.5: neither logits nor maps have kinks or vanishing norms there.
 *
 * @param count - how many
 * @param phase - other numbers for another one
 * @returns the numbers
 */
export const someNumbers = (count: number, phase: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => 1 + Math.sin(1.3 * i + phase) / 2);

/** Loss and gradients, where the arrays that it is differentiated in lie one after the other in one. */
function valuesOn({ roots, sizes, inputs }: TriedLoss, all: Float64Array): readonly ArrayLike<number>[] {
  let at = 0;
  const own = Object.entries(sizes).map(([name, size]) => [name, all.subarray(at, (at += size))] as const);
  return evaluateExpressions(roots, { ...inputs, ...Object.fromEntries(own) });
}

const norm = (values: Iterable<number>): number => Math.hypot(...values);

/** A loss at one place: its value, and its gradients one after the other. */
interface Start {
  readonly at: Float64Array;
  readonly value: number;
  readonly gradient: readonly number[];
}

/** How far the gradient is from what the loss does in one direction. */
function differenceAlong(tried: TriedLoss, { at, value, gradient }: Start, ends: Float64Array): number {
  const way = at.map((from, i) => (ends[i] ?? 0) - from);
  const length = norm(way);
  const lossAt = (step: number): number => {
    const place = at.map((from, i) => from + (step * (way[i] ?? 0)) / length);
    return valuesOn(tried, place)[0]?.[0] ?? NaN;
  };
  const slope = gradient.reduce((sum, one, i) => sum + (one * (way[i] ?? 0)) / length, 0);
  const measured = (lossAt(STEP) - lossAt(-STEP)) / (2 * STEP);
  return Math.abs(measured - slope) / (Math.abs(value) + norm(gradient));
}

/** What is wrong with a loss, or how well its gradient fits. */
function judged(tried: TriedLoss): LossCheck | string {
  const names = Object.keys(tried.sizes);
  const size = Object.values(tried.sizes).reduce((sum, one) => sum + one, 0);
  const at = someNumbers(size, 0);
  const [[value = NaN] = [], ...gradients] = valuesOn(tried, at).map((values) => Array.from(values));
  if (!Number.isFinite(value)) return `its loss is ${value}`;
  const unreached = names.find((_, tap) => !(norm(gradients[tap] ?? []) > 0));
  if (unreached !== undefined) return `its loss has no finite gradient in ${unreached}, or none but 0`;
  const start = { at, value, gradient: gradients.flat() };
  const difference = Math.max(...[1, 3, 5].map((phase) => differenceAlong(tried, start, someNumbers(size, phase))));
  if (!(difference < TOLERANCE)) return `its gradient is not the slope of its loss: they differ by ${difference}`;
  return { loss: value, difference };
}

/**
 * Tries a loss of a plugin in float64: it is finite, and its gradients, which are derived from its expression, reach all that they are
 * for and are what finite differences of its values show.
 *
 * @param entry - `methods.Mine`, for failures
 * @param shown - the plugin's file, as failures show it
 * @param record - makes the expression; ordinary errors in it are the plugin's
 * @returns its value, and how well the gradients fit
 * @throws FailureError `invalid-plugin` with what is wrong
 */
export function checkLoss(entry: string, shown: string, record: () => TriedLoss): LossCheck {
  const refuse = refusing(entry, shown);
  try {
    const verdict = judged(record());
    return typeof verdict === 'string' ? refuse(verdict) : verdict;
  } catch (error) {
    return refuse(error);
  }
}
