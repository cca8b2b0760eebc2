import { at } from '../../../../util/at.ts';
import { sizeOf, type Graph, type Tensor } from '../graph.ts';
import type { Operand } from '../operand.ts';

/** A dimension over which an array goes on. */
interface Dimension {
  readonly axis: number;
  readonly length: number;
  readonly stride: number;
}

/** Dimensions that are longer than 1 and over which an array goes on, the farthest apart first. */
function dimensionsOf(shape: readonly number[], strides: readonly number[]): readonly Dimension[] {
  return shape
    .map((length, axis) => ({ axis, length, stride: at(strides, axis) }))
    .filter(({ length, stride }) => length > 1 && stride !== 0)
    .sort((a, b) => b.stride - a.stride);
}

/** Floats from the first element to the last one, both included. */
const spanOf = (dimensions: readonly Dimension[]): number =>
  dimensions.reduce((sum, { length, stride }) => sum + (length - 1) * stride, 1);

/** Whether each dimension lies within one step of the one before, and a step is a whole number of the next one's. */
const isNested = (dimensions: readonly Dimension[]): boolean =>
  dimensions.every(({ length, stride }, k) => {
    const outer = dimensions[k - 1];
    return !outer || (outer.stride % stride === 0 && length * stride <= outer.stride);
  });

/** Where each element lies, in the order of the dimensions as they are given. */
function placesOf(dimensions: readonly Dimension[]): Int32Array {
  let places = [0];
  for (const { length, stride } of dimensions)
    places = places.flatMap((place) => Array.from({ length }, (_, index) => place + index * stride));
  return Int32Array.from(places);
}

/** The elements of dimensions that lie within one another, in that order. */
function nested(graph: Graph, operand: Operand, dimensions: readonly Dimension[]): Tensor {
  const [outermost] = dimensions;
  if (!outermost) return operand.get(1);
  const whole = outermost.length * outermost.stride;
  const span = spanOf(dimensions);
  const flat = graph.pad(operand.get(span), [[0, whole - span]]);
  const steps = dimensions.slice(1).map(({ stride }, k) => at(dimensions, k).stride / stride);
  const rows = graph.reshape(flat, [outermost.length, ...steps, dimensions.at(-1)?.stride ?? 1]);
  const lengths = dimensions.map(({ length }) => length);
  const taken = graph.slice(
    rows,
    rows.shape.map(() => 0),
    [...lengths, 1],
  );
  return graph.reshape(taken, lengths);
}

/**
 * Reads an array through strides.
 *
 * @param graph - receives the nodes
 * @param operand - where it begins
 * @param shape - of the walk
 * @param strides - floats from one index to the next; 0 repeats
 * @returns its elements, of length 1 where they repeat
 */
export function strided(graph: Graph, operand: Operand, shape: readonly number[], strides: readonly number[]): Tensor {
  const dimensions = dimensionsOf(shape, strides);
  const inOrder = dimensions.toSorted((a, b) => a.axis - b.axis);
  const lengths = shape.map((length, axis) => (at(strides, axis) === 0 ? 1 : length));
  if (isNested(dimensions)) {
    const permutation = inOrder.map((dimension) => dimensions.indexOf(dimension));
    return graph.reshape(graph.transpose(nested(graph, operand, dimensions), permutation), lengths);
  }
  const places = placesOf(inOrder);
  const picked = graph.gather(operand.get(spanOf(dimensions)), graph.constant(places, [places.length]));
  return graph.reshape(picked, lengths);
}

/**
 * Writes an array through strides.
 *
 * @param graph - receives the nodes
 * @param operand - where it begins; what lies between its elements stays
 * @param value - of the walk's shape
 * @param strides - floats from one index to the next, 0 for lengths of 1 only
 */
export function putStrided(graph: Graph, operand: Operand, value: Tensor, strides: readonly number[]): void {
  const dimensions = dimensionsOf(value.shape, strides);
  const span = spanOf(dimensions);
  if (span === sizeOf(value.shape)) {
    const long = graph.reshape(
      value,
      value.shape.filter((length) => length > 1),
    );
    const axes = dimensions.toSorted((a, b) => a.axis - b.axis);
    operand.put(
      graph.transpose(
        long,
        dimensions.map((dimension) => axes.indexOf(dimension)),
      ),
    );
    return;
  }
  const places = placesOf(dimensions.toSorted((a, b) => a.axis - b.axis));
  operand.put(graph.scatter(operand.get(span), graph.constant(places, [places.length]), graph.flat(value)));
}
