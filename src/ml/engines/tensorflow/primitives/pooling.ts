import type { Graph, Tensor } from '../graph.ts';
import type { Attributes } from '../proto.ts';
import type { Nodes } from './context.ts';
import { inputShape, outputShape, type Window } from './maps.ts';

/** Rows or columns that a window has to see beyond the last one. */
const behind = (length: number, out: number, { kernel, stride, padding }: Window): number =>
  Math.max(0, (out - 1) * stride + kernel - padding - length);

/** What is put around maps, so that all windows lie inside. */
const around = (n: Window): readonly (readonly [number, number])[] => [
  [0, 0],
  [n.padding, behind(n.height, n.outHeight, n)],
  [n.padding, behind(n.width, n.outWidth, n)],
  [0, 0],
];

const attributesOf = ({ kernel, stride }: Window): Attributes => ({
  ksize: { ints: [1, kernel, kernel, 1] },
  strides: { ints: [1, stride, stride, 1] },
  padding: { text: 'VALID' },
  data_format: { text: 'NHWC' },
});

/** Takes away what was put around. */
const unpadded = (graph: Graph, x: Tensor, n: Window): Tensor =>
  graph.slice(x, [0, n.padding, n.padding, 0], inputShape(n));

/** Whether the only window is the whole image. */
const isGlobal = (n: Window): boolean =>
  n.outHeight * n.outWidth === 1 && n.padding === 0 && n.kernel >= n.height && n.kernel >= n.width;

/** Pixels of the image that each window sees, as parts of the window: [1, height, width, 1]. */
function shares(graph: Graph, n: Window): Tensor {
  const seen = (out: number, length: number): number[] =>
    Array.from({ length: out }, (_, place) => {
      const from = place * n.stride - n.padding;
      return Math.min(length, from + n.kernel) - Math.max(0, from);
    });
  const columns = seen(n.outWidth, n.width);
  const parts = seen(n.outHeight, n.height).flatMap((rows) => columns.map((across) => n.kernel ** 2 / (rows * across)));
  return graph.constant(Float32Array.from(parts), [1, n.outHeight, n.outWidth, 1]);
}

/** A window whose mean is taken. */
type Mean = Window & { readonly countPadding: number };

/** Whether windows see what is put around, and it does not count. */
const isShortened = (n: Mean): boolean => !n.countPadding && around(n).some(([before, after]) => before + after > 0);

/**
 * The largest value of each window; what is put around counts for none.
 *
 * @param graph - receives the nodes
 * @param maps - [batch, height, width, channels]
 * @param n - the window
 * @returns [batch, outHeight, outWidth, channels]
 */
export function maxPool(graph: Graph, maps: Tensor, n: Window): Tensor {
  return graph.typed('MaxPool', [graph.pad(maps, around(n), -Infinity)], outputShape(n), attributesOf(n));
}

/**
 * The mean of each window.
 *
 * @param graph - receives the nodes
 * @param maps - [batch, height, width, channels]
 * @param n - the window, and whether what is put around counts, as 0
 * @returns [batch, outHeight, outWidth, channels]
 */
export function averagePool(graph: Graph, maps: Tensor, n: Mean): Tensor {
  if (isGlobal(n)) return graph.reshape(graph.reduce('Mean', maps, [1, 2]), outputShape(n));
  const means = graph.typed('AvgPool', [graph.pad(maps, around(n))], outputShape(n), attributesOf(n));
  return isShortened(n) ? graph.mul(means, shares(graph, n)) : means;
}

export const pools: Nodes<'max-pool' | 'max-pool-gradient' | 'average-pool' | 'average-pool-gradient'> = {
  'max-pool'({ x, y }, n, { graph }) {
    y.put(maxPool(graph, x.get(...inputShape(n)), n));
  },
  'max-pool-gradient'({ x, y, dy, dx }, n, { graph }) {
    const maps = graph.pad(x.get(...inputShape(n)), around(n), -Infinity);
    const inputs = [maps, y.get(...outputShape(n)), dy.get(...outputShape(n))];
    const gradient = graph.typed('MaxPoolGrad', inputs, maps.shape, attributesOf(n));
    dx.put(unpadded(graph, gradient, n), n.accumulate);
  },
  'average-pool'({ x, y }, n, { graph }) {
    y.put(averagePool(graph, x.get(...inputShape(n)), n));
  },
  'average-pool-gradient'({ dy, dx }, n, { graph }) {
    const gradient = dy.get(...outputShape(n));
    if (isGlobal(n)) {
      const share = graph.mul(gradient, graph.scalar(1 / (n.height * n.width)));
      dx.put(graph.broadcastTo(share, inputShape(n)), n.accumulate);
      return;
    }
    const shared = isShortened(n) ? graph.mul(gradient, shares(graph, n)) : gradient;
    const shape = inputShape(n).map((length, axis) => length + (around(n)[axis] ?? [0, 0]).reduce((a, b) => a + b));
    const attributes = { T: { type: 'float' }, ...attributesOf(n) } as const;
    const wide = graph.node('AvgPoolGrad', [graph.ints(...shape), shared], { shape, attributes });
    dx.put(unpadded(graph, wide, n), n.accumulate);
  },
};
