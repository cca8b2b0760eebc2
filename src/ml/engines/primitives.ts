/**
 * The primitives of a lowered program, each described once. The lowering builds operations from this table, the
 * reference engine implements every row in TypeScript, and `npm run build:kernels` turns it into the C header
 * (`primitives.h`) against which the wasm kernels are written.
 *
 * Layouts. Activations are [batch, height, width, stride] with the channels padded by zeros to `stride` (a multiple of 8,
 * of 4 for the network's input); `channels` of a row below is that stride unless the row also names a `stride`. Filters
 * are panels of eight output channels, [outChannels / 8][kernel² · channels][8]; a linear layer is a 1×1 filter.
 * `activation` is 0 (none), 1 (ReLU) or 2 (ReLU6). With `accumulate` = 1 a result is added to what the buffer holds.
 */

/** How an operand is used; `?` marks one that may be absent. `scratch` holds nothing before or after the operation. */
export type Access = 'in' | 'in?' | 'out' | 'inout' | 'scratch' | 'scratch?';

/** One row of the table. */
export interface PrimitiveDescription {
  readonly operands: Readonly<Record<string, Access>>;
  readonly numbers: Readonly<Record<string, 'int' | 'float'>>;
}

/** Input and output of a square convolution; `channels` and `outChannels` are padded. */
const CONV_SHAPE = {
  batch: 'int',
  height: 'int',
  width: 'int',
  channels: 'int',
  outHeight: 'int',
  outWidth: 'int',
  outChannels: 'int',
  kernel: 'int',
  stride: 'int',
  padding: 'int',
} as const;

/** Input and output of a square pooling window. */
const POOL_SHAPE = {
  batch: 'int',
  height: 'int',
  width: 'int',
  channels: 'int',
  outHeight: 'int',
  outWidth: 'int',
  kernel: 'int',
  stride: 'int',
  padding: 'int',
} as const;

export const PRIMITIVES = {
  /** y[r, c] (+)= x[r, c] for c < channels, 0 for the padding of y: between dense and padded rows. */
  'copy-channels': {
    operands: { x: 'in', y: 'inout' },
    numbers: { rows: 'int', channels: 'int', fromStride: 'int', toStride: 'int', accumulate: 'int' },
  },
  /** y = 0. */
  zero: { operands: { y: 'out' }, numbers: { count: 'int' } },
  /**
   * y = activation(scale · (filter ∗ x) + shift + residual); what is absent is left out. `shift` alone is a bias.
   * `transformed`: room for the filter at the points of Winograd's algorithm, where that is to be taken.
   */
  conv: {
    operands: {
      x: 'in',
      filter: 'in',
      scale: 'in?',
      shift: 'in?',
      residual: 'in?',
      transformed: 'scratch?',
      y: 'out',
    },
    numbers: { ...CONV_SHAPE, activation: 'int' },
  },
  /**
   * dx (+)= gradient of a convolution's input. Room for the filter with input and output channels swapped: `turned`, or
   * `transformed` where Winograd's algorithm is to be taken.
   */
  'conv-input-gradient': {
    operands: { dy: 'in', filter: 'in', turned: 'scratch?', transformed: 'scratch?', dx: 'inout' },
    numbers: { ...CONV_SHAPE, accumulate: 'int' },
  },
  /**
   * dfilter = gradient of a convolution's filter. `transformed`: where Winograd's algorithm is to be taken, room for
   * `chunks` sums over parts of the batch.
   */
  'conv-filter-gradient': {
    operands: { x: 'in', dy: 'in', transformed: 'scratch?', dfilter: 'out' },
    numbers: { ...CONV_SHAPE, chunks: 'int' },
  },
  /** dbias[c] = Σ_r dy[r, c]. */
  'bias-gradient': { operands: { dy: 'in', dbias: 'out' }, numbers: { rows: 'int', channels: 'int' } },
  /**
   * Training batch norm with what follows it: y = activation(γ(x − μ)/√(σ² + ε) + β + residual) with the batch's μ and
   * biased σ²; running statistics move by `momentum`, the variance unbiased (Ioffe & Szegedy 2015, as PyTorch).
   * `saved`: [4][channels] scale, shift, mean, 1/σ. `partials`: 2 · 32 · channels.
   */
  'batch-norm': {
    operands: {
      x: 'in',
      gamma: 'in',
      beta: 'in',
      mean: 'inout',
      variance: 'inout',
      residual: 'in?',
      y: 'out',
      saved: 'out',
      partials: 'scratch',
    },
    numbers: { rows: 'int', channels: 'int', activation: 'int', eps: 'float', momentum: 'float' },
  },
  /**
   * Gradients of `batch-norm`. Without `y` the activation's mask is recomputed from x; with `y` (there was a residual) it
   * is read from y and dy becomes the masked gradient, which is the residual's. dx may be dy. `partials`: 64 · channels.
   */
  'batch-norm-gradient': {
    operands: {
      x: 'in',
      y: 'in?',
      dy: 'inout',
      saved: 'in',
      dgamma: 'out',
      dbeta: 'out',
      dx: 'out',
      partials: 'scratch',
    },
    numbers: { rows: 'int', channels: 'int', activation: 'int' },
  },
  /** Inference: scale = γ/√(σ² + ε), shift = β − μ·scale from the running statistics. */
  'fold-batch-norm': {
    operands: { gamma: 'in', beta: 'in', mean: 'in', variance: 'in', scale: 'out', shift: 'out' },
    numbers: { channels: 'int', eps: 'float' },
  },
  /** y = activation(scale · x + shift + residual) by channel. */
  affine: {
    operands: { x: 'in', scale: 'in', shift: 'in', residual: 'in?', y: 'out' },
    numbers: { rows: 'int', channels: 'int', activation: 'int' },
  },
  /** y = activation(x). */
  activation: { operands: { x: 'in', y: 'out' }, numbers: { count: 'int', activation: 'int' } },
  /** dx (+)= dy where the activation's output y is not clipped. */
  'activation-gradient': {
    operands: { y: 'in', dy: 'in', dx: 'inout' },
    numbers: { count: 'int', activation: 'int', accumulate: 'int' },
  },
  /** y = activation(a + b). */
  add: { operands: { a: 'in', b: 'in', y: 'out' }, numbers: { count: 'int', activation: 'int' } },
  /** y = window maximum; padding never wins. */
  'max-pool': { operands: { x: 'in', y: 'out' }, numbers: POOL_SHAPE },
  /** dx (+)= dy at the first maximum of each window, in row order, as PyTorch. */
  'max-pool-gradient': {
    operands: { x: 'in', y: 'in', dy: 'in', dx: 'inout' },
    numbers: { ...POOL_SHAPE, accumulate: 'int' },
  },
  /** y = mean of the window's pixels that lie inside the image. */
  'average-pool': { operands: { x: 'in', y: 'out' }, numbers: POOL_SHAPE },
  /** dx (+)= dy shared out over the window. */
  'average-pool-gradient': { operands: { dy: 'in', dx: 'inout' }, numbers: { ...POOL_SHAPE, accumulate: 'int' } },
  /**
   * y (+)= x / (1 − rate) or 0, each kept with probability 1 − rate. Bits are those of `bits(seed + salt, 'dropout', step,
   * index)`, index counted over dense rows, so the same call on dy is the gradient.
   */
  dropout: {
    operands: { x: 'in', y: 'inout' },
    numbers: { rows: 'int', channels: 'int', stride: 'int', salt: 'int', rate: 'float', accumulate: 'int' },
  },
  /** AdamW (Loshchilov & Hutter 2019) in PyTorch's form; `decay` says whether weight decay applies. */
  adamw: {
    operands: { w: 'inout', g: 'in', first: 'inout', second: 'inout' },
    numbers: { count: 'int', decay: 'int', beta1: 'float', beta2: 'float', eps: 'float' },
  },
  /** SGD with momentum and coupled L2 decay in PyTorch's form. */
  sgd: {
    operands: { w: 'inout', g: 'in', first: 'inout' },
    numbers: { count: 'int', decay: 'int', nesterov: 'int', momentum: 'float' },
  },
} as const satisfies Readonly<Record<string, PrimitiveDescription>>;

type Table = typeof PRIMITIVES;

/** Name of a primitive. */
export type PrimitiveName = keyof Table;

/** Numbers that change from call to call; every primitive may read them. */
export const CONTROLS = {
  /** Stream key of dropout. */
  seed: 'int',
  /** Global training step. */
  step: 'int',
  learningRate: 'float',
  weightDecay: 'float',
  /** 1 − β₁ᵗ of Adam's update t. */
  firstCorrection: 'float',
  /** √(1 − β₂ᵗ). */
  secondCorrection: 'float',
} as const;

/** Values of the controls. */
export type Controls = Record<keyof typeof CONTROLS, number>;

/** Operands of a primitive, each a `Value` (a reference while lowering, an array while executing). */
export type Operands<P extends PrimitiveName, Value> = {
  readonly [K in keyof Table[P]['operands']]: Table[P]['operands'][K] extends `${string}?` ? Value | null : Value;
};

/** Numbers of a primitive. */
export type Numbers<P extends PrimitiveName> = { readonly [K in keyof Table[P]['numbers']]: number };
