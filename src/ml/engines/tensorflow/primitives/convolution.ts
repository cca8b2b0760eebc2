import type { Numbers } from '../../primitives.ts';
import { sizeOf, type Graph, type Tensor } from '../graph.ts';
import type { Attributes } from '../proto.ts';
import type { Operand } from '../operand.ts';
import type { Context, Nodes } from './context.ts';
import { finish, firstChannels, inputShape, outputShape, padChannels, type Window } from './maps.ts';
import { readThrough } from './normalization.ts';

/** A convolution of maps by one filter, [kernel, kernel, inputs, outputs], or one with a filter for each channel. */
export interface Convolution {
  readonly window: Window;
  readonly dilation: number;
  readonly depthwise: boolean;
}

/** Places of a filter whose taps lie `dilation` apart. */
const reach = ({ window, dilation }: Convolution): number => (window.kernel - 1) * dilation + 1;

/** Puts zeros between the taps: TensorFlow's CPU kernels have no gradients of dilated convolutions. */
function dilated(graph: Graph, filter: Tensor, convolution: Convolution): Tensor {
  const { dilation, window } = convolution;
  if (dilation === 1) return filter;
  const [inputs = 1, outputs = 1] = filter.shape.slice(2);
  const { kernel } = window;
  const taps = graph.reshape(filter, [kernel, 1, kernel, 1, inputs, outputs]);
  const between = [0, dilation - 1] as const;
  const spread = graph.pad(taps, [[0, 0], between, [0, 0], between, [0, 0], [0, 0]]);
  const wide = graph.reshape(spread, [kernel * dilation, kernel * dilation, inputs, outputs]);
  return graph.slice(wide, [0, 0, 0, 0], [reach(convolution), reach(convolution), inputs, outputs]);
}

/** The taps of such a filter. */
function tapsOf(graph: Graph, filter: Tensor, { dilation, window }: Convolution): Tensor {
  if (dilation === 1) return filter;
  const [inputs = 1, outputs = 1] = filter.shape.slice(2);
  const { kernel } = window;
  const behind = [0, dilation - 1] as const;
  const wide = graph.pad(filter, [behind, behind, [0, 0], [0, 0]]);
  const split = graph.reshape(wide, [kernel, dilation, kernel, dilation, inputs, outputs]);
  const first = graph.slice(split, [0, 0, 0, 0, 0, 0], [kernel, 1, kernel, 1, inputs, outputs]);
  return graph.reshape(first, [kernel, kernel, inputs, outputs]);
}

/** How TensorFlow calls a border. */
function paddingOf(convolution: Convolution): 'VALID' | 'SAME' | 'EXPLICIT' {
  const { stride, padding, height, width, outHeight, outWidth } = convolution.window;
  // SAME makes ⌈length / stride⌉ places, and puts the larger half of what they need behind.
  const isSame = (length: number, out: number): boolean => {
    const total = Math.max(0, (out - 1) * stride + reach(convolution) - length);
    return Math.ceil(length / stride) === out && Math.floor(total / 2) === padding;
  };
  if (padding === 0) return 'VALID';
  return isSame(height, outHeight) && isSame(width, outWidth) ? 'SAME' : 'EXPLICIT';
}

function attributesOf(convolution: Convolution): Attributes {
  const { stride, padding: p } = convolution.window;
  const padding = paddingOf(convolution);
  return {
    strides: { ints: [1, stride, stride, 1] },
    padding: { text: padding },
    explicit_paddings: { ints: padding === 'EXPLICIT' ? [0, 0, p, p, p, p, 0, 0] : [] },
    data_format: { text: 'NHWC' },
    dilations: { ints: [1, 1, 1, 1] },
  };
}

/**
 * The same with the border as part of the maps. TensorFlow 2.21 fuses a depthwise convolution with the sum that follows it and
 * forgets explicit paddings, which ends the process.
 */
function bordered(graph: Graph, x: Tensor, convolution: Convolution): readonly [Tensor, Convolution] {
  const { window } = convolution;
  const { padding, height, width } = window;
  const border = [padding, padding] as const;
  const wide = { ...window, height: height + 2 * padding, width: width + 2 * padding, padding: 0 };
  return [graph.pad(x, [[0, 0], border, border, [0, 0]]), { ...convolution, window: wide }];
}

/** Whether it is a product of matrices: one pixel, one tap. */
const isProduct = ({ window, depthwise }: Convolution): boolean =>
  !depthwise && window.height * window.width === 1 && window.kernel === 1 && window.padding === 0;

const matrix = (graph: Graph, x: Tensor): Tensor => {
  const columns = x.shape.at(-1) ?? 1;
  return graph.reshape(x, [sizeOf(x.shape) / columns, columns]);
};

const opOf = ({ depthwise }: Convolution, what: '' | 'BackpropInput' | 'BackpropFilter'): string =>
  `${depthwise ? 'DepthwiseConv2dNative' : 'Conv2D'}${what}`;

/**
 * x ∗ filter.
 *
 * @param graph - receives the nodes
 * @param x - maps, [batch, height, width, channels]
 * @param filter - [kernel, kernel, channels, outputs], or [kernel, kernel, channels, 1] of a depthwise one
 * @param convolution - the window and what it does
 * @returns [batch, outHeight, outWidth, outputs]
 */
export function convolve(graph: Graph, x: Tensor, filter: Tensor, convolution: Convolution): Tensor {
  const { window, depthwise } = convolution;
  const shape = outputShape(window, depthwise ? window.channels : filter.shape.at(-1));
  if (isProduct(convolution)) return graph.reshape(graph.product(matrix(graph, x), matrix(graph, filter)), shape);
  const taps = dilated(graph, filter, convolution);
  return graph.typed(opOf(convolution, ''), [x, taps], shape, attributesOf(convolution));
}

/** Gradient of x. */
function inputGradient(graph: Graph, dy: Tensor, filter: Tensor, convolution: Convolution): Tensor {
  const { window } = convolution;
  const shape = inputShape(window);
  if (isProduct(convolution)) {
    const product = graph.product(matrix(graph, dy), matrix(graph, filter), { turnB: true });
    return graph.reshape(product, shape);
  }
  const inputs = [graph.ints(...shape), dilated(graph, filter, convolution), dy];
  const attributes = { T: { type: dy.type }, ...attributesOf(convolution) };
  return graph.node(opOf(convolution, 'BackpropInput'), inputs, { shape, type: dy.type, attributes });
}

/** Gradient of the filter, which has a shape. */
function filterGradient(
  graph: Graph,
  { x, dy }: { readonly x: Tensor; readonly dy: Tensor },
  filter: readonly number[],
  convolution: Convolution,
): Tensor {
  if (isProduct(convolution))
    return graph.reshape(graph.product(matrix(graph, x), matrix(graph, dy), { turnA: true }), filter);
  const shape = [reach(convolution), reach(convolution), ...filter.slice(2)];
  const attributes = { T: { type: x.type }, ...attributesOf(convolution) };
  const inputs = [x, graph.ints(...shape), dy];
  const wide = graph.node(opOf(convolution, 'BackpropFilter'), inputs, { shape, type: x.type, attributes });
  return tapsOf(graph, wide, convolution);
}

/** A factor of products in half precision, or as it is. */
const factor = (graph: Graph, x: Tensor, { bfloat16 }: { readonly bfloat16: number }): Tensor =>
  bfloat16 ? graph.cast(x, 'bfloat16') : x;

type Dense = Numbers<'conv-filter-gradient'> | Numbers<'conv-input-gradient'> | Numbers<'conv'>;

const dense = (window: Dense): Convolution => ({ window, dilation: 1, depthwise: false });
const denseFilter = (n: Dense): readonly number[] => [n.kernel, n.kernel, n.channels, n.outChannels];

const denseNodes: Nodes<'conv' | 'conv-input-gradient' | 'conv-filter-gradient'> = {
  conv({ x, inputNorm, filter, ...epilogue }, n, { graph }) {
    const image = readThrough(graph, x.get(...inputShape(n)), inputNorm, n.inputActivation);
    const weights = factor(graph, filter.get(...denseFilter(n)), n);
    const sums = graph.cast(convolve(graph, factor(graph, image, n), weights, dense(n)), 'float');
    finish(graph, sums, epilogue, n.activation);
  },
  'conv-input-gradient'({ dy, filter, dx }, n, { graph }) {
    const gradient = factor(graph, dy.get(...outputShape(n, n.outChannels)), n);
    const weights = factor(graph, filter.get(...denseFilter(n)), n);
    dx.put(graph.cast(inputGradient(graph, gradient, weights, dense(n)), 'float'), n.accumulate);
  },
  'conv-filter-gradient'({ x, inputNorm, dy, dfilter }, n, { graph }) {
    const image = readThrough(graph, x.get(...inputShape(n)), inputNorm, n.inputActivation);
    const factors = {
      x: factor(graph, image, n),
      dy: factor(graph, dy.get(...outputShape(n, n.outChannels)), n),
    };
    dfilter.put(graph.cast(filterGradient(graph, factors, denseFilter(n), dense(n)), 'float'));
  },
};

const depthwise = (n: Window & { readonly dilation: number }): Convolution => ({
  window: n,
  dilation: n.dilation,
  depthwise: true,
});
const depthwiseFilter = (n: Window): readonly number[] => [n.kernel, n.kernel, n.channels, 1];

const depthwiseNodes: Nodes<'depthwise' | 'depthwise-input-gradient' | 'depthwise-filter-gradient'> = {
  depthwise({ x, inputNorm, filter, ...epilogue }, n, { graph }) {
    const image = readThrough(graph, x.get(...inputShape(n)), inputNorm, n.inputActivation);
    const isFused = epilogue.shift !== null && paddingOf(depthwise(n)) === 'EXPLICIT';
    const [maps, convolution] = isFused ? bordered(graph, image, depthwise(n)) : [image, depthwise(n)];
    finish(graph, convolve(graph, maps, filter.get(...depthwiseFilter(n)), convolution), epilogue, n.activation);
  },
  'depthwise-input-gradient'({ dy, filter, dx }, n, { graph }) {
    const weights = filter.get(...depthwiseFilter(n));
    dx.put(inputGradient(graph, dy.get(...outputShape(n)), weights, depthwise(n)), n.accumulate);
  },
  'depthwise-filter-gradient'({ x, inputNorm, dy, dfilter }, n, { graph }) {
    const image = readThrough(graph, x.get(...inputShape(n)), inputNorm, n.inputActivation);
    const factors = { x: image, dy: dy.get(...outputShape(n)) };
    dfilter.put(filterGradient(graph, factors, depthwiseFilter(n), depthwise(n)));
  },
};

type Grouped = Numbers<'grouped-conv-filter-gradient'>;

/** One group's part: TensorFlow's CPU kernels have no gradients of convolutions in groups. */
const group = (n: Grouped): Convolution => ({
  window: { ...n, channels: n.groupInputs },
  dilation: n.dilation,
  depthwise: false,
});

/** Channels of each group; behind them there may be padding. */
const inputsOf = (graph: Graph, x: Operand, n: Grouped): readonly Tensor[] =>
  graph.split(firstChannels(graph, x.get(...inputShape(n)), n.groups * n.groupInputs), n.groups, 3);

const outputsOf = (graph: Graph, y: Operand, n: Grouped): readonly Tensor[] =>
  graph.split(firstChannels(graph, y.get(...outputShape(n, n.outChannels)), n.groups * n.groupOutputs), n.groups, 3);

function filtersOf(graph: Graph, filter: Operand, n: Grouped): readonly Tensor[] {
  const padded = filter.get(n.kernel, n.kernel, n.groupInputs, n.outChannels);
  return graph.split(firstChannels(graph, padded, n.groups * n.groupOutputs), n.groups, 3);
}

/** Computes each group's part, and joins them. */
function joined(
  n: Grouped,
  { graph }: Context,
  lists: readonly [readonly Tensor[], readonly Tensor[]],
  compute: (a: Tensor, b: Tensor) => Tensor,
): Tensor {
  const [first, second] = lists;
  const parts = first.flatMap((a, k) => {
    const b = second[k];
    return b ? [compute(a, b)] : [];
  });
  return graph.concat(parts, 3);
}

const groupedNodes: Nodes<'grouped-conv' | 'grouped-conv-input-gradient' | 'grouped-conv-filter-gradient'> = {
  'grouped-conv'({ x, filter, ...epilogue }, n, context) {
    const { graph } = context;
    const lists = [inputsOf(graph, x, n), filtersOf(graph, filter, n)] as const;
    const sums = joined(n, context, lists, (image, weights) => convolve(graph, image, weights, group(n)));
    finish(graph, padChannels(graph, sums, n.outChannels), epilogue, n.activation);
  },
  'grouped-conv-input-gradient'({ dy, filter, dx }, n, context) {
    const { graph } = context;
    const lists = [outputsOf(graph, dy, n), filtersOf(graph, filter, n)] as const;
    const gradient = joined(n, context, lists, (dy, weights) => inputGradient(graph, dy, weights, group(n)));
    dx.put(padChannels(graph, gradient, n.channels), n.accumulate);
  },
  'grouped-conv-filter-gradient'({ x, dy, dfilter }, n, context) {
    const { graph } = context;
    const shape = [n.kernel, n.kernel, n.groupInputs, n.groupOutputs];
    const lists = [inputsOf(graph, x, n), outputsOf(graph, dy, n)] as const;
    const gradient = joined(n, context, lists, (x, dy) => filterGradient(graph, { x, dy }, shape, group(n)));
    dfilter.put(padChannels(graph, gradient, n.outChannels));
  },
};

export const convolutions: Nodes<
  keyof typeof denseNodes | keyof typeof depthwiseNodes | keyof typeof groupedNodes | 'bias-gradient'
> = {
  ...denseNodes,
  ...depthwiseNodes,
  ...groupedNodes,
  'bias-gradient'({ dy, dbias }, { rows, channels }, { graph }) {
    dbias.put(graph.reduce('Sum', dy.get(rows, channels), [0]));
  },
};
