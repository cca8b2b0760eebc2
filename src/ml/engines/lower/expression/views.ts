import { isSameShape, sizeOf, type Dimensions } from '../../../algebra/node.ts';
import { ELEMENTWISE } from '../../array-primitives.ts';
import type { Ref } from '../../program.ts';

/** How an array lies in memory: floats from one index to the next, for each dimension; 0 repeats. */
export interface View {
  readonly ref: Ref;
  readonly strides: readonly number[];
}

/** Strides of an array without gaps. */
export const denseStrides = (shape: Dimensions): readonly number[] =>
  shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));

/**
 * An array without gaps.
 *
 * @param ref - where it begins
 * @param shape - its shape
 * @returns the view
 */
export const dense = (ref: Ref, shape: Dimensions): View => ({ ref, strides: denseStrides(shape) });

/** Whether an array has no gaps: dimensions of length 1 do not matter. */
export const isDense = ({ strides }: View, shape: Dimensions): boolean =>
  denseStrides(shape).every((stride, axis) => shape[axis] === 1 || stride === strides[axis]);

/** A place some floats further on. */
export const advance = (ref: Ref, floats: number): Ref => ({ ...ref, offset: (ref.offset ?? 0) + floats });

/**
 * An array as it is read by a walk over a larger shape, as NumPy broadcasts.
 *
 * @param view - the array
 * @param shape - its shape
 * @param over - shape of the walk
 * @returns a stride for each dimension of the walk
 */
export function stretched(view: View, shape: Dimensions, over: Dimensions): readonly number[] {
  const { strides } = view;
  const added = over.length - shape.length;
  return over.map((_, axis) => (axis < added || shape[axis - added] === 1 ? 0 : (strides[axis - added] ?? 0)));
}

/**
 * Strides of a reshaped array, where no element has to move: dimensions of length 1 come and go, and an array without gaps
 * takes any shape.
 *
 * @param view - the array
 * @param shape - its shape
 * @param to - as many elements
 * @returns the strides, or undefined
 */
export function reshapedStrides(view: View, shape: Dimensions, to: Dimensions): readonly number[] | undefined {
  if (isDense(view, shape)) return denseStrides(to);
  const long = (lengths: Dimensions): Dimensions => lengths.filter((length) => length !== 1);
  if (!isSameShape(long(shape), long(to))) return undefined;
  const strides = view.strides.filter((_, axis) => shape[axis] !== 1);
  return to.map((length) => (length === 1 ? 0 : (strides.shift() ?? 0)));
}

/** Dimensions of a walk, and the strides of all arrays that it reads or writes. */
export interface Walk {
  readonly shape: readonly number[];
  /** One row an array. */
  readonly strides: readonly (readonly number[])[];
  /** Whether each dimension is reduced. */
  readonly reduced: readonly boolean[];
}

/**
 * Brings a walk into as few dimensions as it can have: those of length 1 go, neighbours over which every array goes on evenly
 * are joined; then as many of length 1 come in front as primitives have.
 *
 * @param walk - any walk
 * @returns the same walk
 * @throws Error for one of more dimensions than primitives have (a bug of whoever wrote the expression)
 */
export function coalesce(walk: Walk): Walk {
  const { shape, strides, reduced } = walk;
  const dimensions: { length: number; strides: number[]; reduced: boolean }[] = [];
  shape.forEach((length, axis) => {
    if (length === 1) return;
    const next = { length, strides: strides.map((row) => row[axis] ?? 0), reduced: reduced[axis] ?? false };
    const last = dimensions.at(-1);
    const goesOn =
      last?.reduced === next.reduced && last.strides.every((s, k) => s === (next.strides[k] ?? 0) * length);
    if (last && goesOn) Object.assign(last, { length: last.length * length, strides: next.strides });
    else dimensions.push(next);
  });
  if (dimensions.length > ELEMENTWISE.rank)
    throw new Error(`a walk over [${shape.join(', ')}] has more than ${ELEMENTWISE.rank} dimensions`);
  while (dimensions.length < ELEMENTWISE.rank)
    dimensions.unshift({ length: 1, strides: strides.map(() => 0), reduced: false });
  return {
    shape: dimensions.map((dimension) => dimension.length),
    strides: strides.map((_, k) => dimensions.map((dimension) => dimension.strides[k] ?? 0)),
    reduced: dimensions.map((dimension) => dimension.reduced),
  };
}
