/**
 * Primitives of networks. Part of `PRIMITIVES`.
 *
 * Layouts. Activations are [batch, height, width, stride] with the channels padded by zeros to `stride` (a multiple of 8,
 * of 4 for the network's input); `channels` of a row below is that stride unless the row also names a `stride`. Filters
 * are panels of eight output channels, [outChannels / 8][kernel² · channels][8]; a linear layer is a 1×1 filter. Filters
 * of grouped and depthwise convolutions are [kernel²][inputs of a group][outChannels]. `activation` is a code of
 * `ACTIVATIONS`. With `accumulate` = 1 a result is added to what the buffer holds.
 */

/** Maps before and after a square window. */
const MAPS = {
  batch: 'int',
  height: 'int',
  width: 'int',
  channels: 'int',
  outHeight: 'int',
  outWidth: 'int',
} as const;

const WINDOW = { kernel: 'int', stride: 'int', padding: 'int' } as const;

/**
 * How a product's input is read. With the first two rows of what a batch norm saved, its scale and shift by channel, the product
 * is given the norm's input x and reads the norm's output, activation(scale · x + shift), which is written nowhere; zeros around
 * an image are zeros of that.
 */
const READ = { operands: { inputNorm: 'in?' }, numbers: { inputActivation: 'int' } } as const;

/** What may follow a convolution's sums, by channel or by element. */
const EPILOGUE = { scale: 'in?', shift: 'in?', residual: 'in?' } as const;

/** Input and output of a square convolution; `channels` and `outChannels` are padded. */
const CONV_SHAPE = { ...MAPS, outChannels: 'int', ...WINDOW } as const;

/** Input and output of a square pooling window. */
const POOL_SHAPE = { ...MAPS, ...WINDOW } as const;

/** Means; with `countPadding` = 1 the padding counts, as pixels of 0. */
const AVERAGE_SHAPE = { ...POOL_SHAPE, countPadding: 'int' } as const;

/** A convolution of each channel with a filter of its own. */
const DEPTHWISE_SHAPE = { ...POOL_SHAPE, dilation: 'int' } as const;

/** A convolution whose output channels see `groupInputs` input channels each; these two are not padded. */
const GROUPED_SHAPE = {
  ...CONV_SHAPE,
  dilation: 'int',
  groups: 'int',
  groupInputs: 'int',
  groupOutputs: 'int',
} as const;

export const NETWORK_PRIMITIVES = {
  /**
   * y[r, to + c·toStep] (+)= x[r, from + c·fromStep] for c < channels; unless it accumulates, what follows the last of them
   * in y's row becomes 0: between dense and padded rows, in and out of joined or interleaved channels.
   */
  'copy-channels': {
    operands: { x: 'in', y: 'inout' },
    numbers: {
      rows: 'int',
      channels: 'int',
      fromStride: 'int',
      toStride: 'int',
      from: 'int',
      to: 'int',
      fromStep: 'int',
      toStep: 'int',
      accumulate: 'int',
    },
  },
  /**
   * y = x with its channels padded to `stride`, and `padding` pixels around each image, by zeros: the caller's dense pixels,
   * [batch, height, width, channels].
   */
  pad: {
    operands: { x: 'in', y: 'out' },
    numbers: { batch: 'int', height: 'int', width: 'int', channels: 'int', stride: 'int', padding: 'int' },
  },
  /** y = 0. */
  zero: { operands: { y: 'out' }, numbers: { count: 'int' } },
  /**
   * y = activation(scale · (filter ∗ x) + shift + residual); what is absent is left out. `shift` alone is a bias.
   * `transformed`: room for the filter at the points of Winograd's algorithm, where that is to be taken. With `bfloat16` = 1,
   * which excludes it, x and filter are rounded to bfloat16 before they are multiplied; `rounded`: room for that filter.
   * `inputNorm`: of 1×1 convolutions of stride 1 without padding, and not with `bfloat16`.
   */
  conv: {
    operands: {
      x: 'in',
      ...READ.operands,
      filter: 'in',
      ...EPILOGUE,
      transformed: 'scratch?',
      rounded: 'scratch?',
      y: 'out',
    },
    numbers: { ...CONV_SHAPE, ...READ.numbers, activation: 'int', bfloat16: 'int' },
  },
  /**
   * dx (+)= gradient of a convolution's input. Room for the filter with input and output channels swapped: `transposed`, or
   * `transformed` where Winograd's algorithm is to be taken. With `bfloat16` = 1, which excludes it, dy and filter are rounded.
   */
  'conv-input-gradient': {
    operands: { dy: 'in', filter: 'in', transposed: 'scratch?', transformed: 'scratch?', dx: 'inout' },
    numbers: { ...CONV_SHAPE, accumulate: 'int', bfloat16: 'int' },
  },
  /**
   * dfilter = gradient of a convolution's filter. `transformed`: where Winograd's algorithm is to be taken, room for
   * `chunks` sums over parts of the batch. With `bfloat16` = 1, which excludes it, x and dy are rounded. `inputNorm` as of `conv`.
   */
  'conv-filter-gradient': {
    operands: { x: 'in', ...READ.operands, dy: 'in', transformed: 'scratch?', dfilter: 'out' },
    numbers: { ...CONV_SHAPE, ...READ.numbers, chunks: 'int', bfloat16: 'int' },
  },
  /** `conv` with one filter a channel. */
  depthwise: {
    operands: {
      x: 'in',
      ...READ.operands,
      filter: 'in',
      ...EPILOGUE,
      y: 'out',
    },
    numbers: { ...DEPTHWISE_SHAPE, ...READ.numbers, activation: 'int' },
  },
  /** dx (+)= gradient of a depthwise convolution's input. */
  'depthwise-input-gradient': {
    operands: { dy: 'in', filter: 'in', dx: 'inout' },
    numbers: { ...DEPTHWISE_SHAPE, accumulate: 'int' },
  },
  /** dfilter = gradient of a depthwise filter, summed over `chunks` parts of the rows. `partials`: chunks · kernel² · channels. */
  'depthwise-filter-gradient': {
    operands: { x: 'in', ...READ.operands, dy: 'in', dfilter: 'out', partials: 'scratch' },
    numbers: { ...DEPTHWISE_SHAPE, ...READ.numbers, chunks: 'int' },
  },
  /** `conv` in groups or with dilation. */
  'grouped-conv': {
    operands: { x: 'in', filter: 'in', ...EPILOGUE, y: 'out' },
    numbers: { ...GROUPED_SHAPE, activation: 'int' },
  },
  /** dx (+)= gradient of a grouped convolution's input. */
  'grouped-conv-input-gradient': {
    operands: { dy: 'in', filter: 'in', dx: 'inout' },
    numbers: { ...GROUPED_SHAPE, accumulate: 'int' },
  },
  /** dfilter = gradient of a grouped convolution's filter. */
  'grouped-conv-filter-gradient': { operands: { x: 'in', dy: 'in', dfilter: 'out' }, numbers: GROUPED_SHAPE },
  /** dbias[c] = Σ_r dy[r, c]. */
  'bias-gradient': { operands: { dy: 'in', dbias: 'out' }, numbers: { rows: 'int', channels: 'int' } },
  /**
   * Statistics of training batch norm: `saved`, [4][channels], is scale = γ/√(σ² + ε), shift = β − μ · scale, mean μ and
   * 1/√(σ² + ε), of the batch's μ and biased σ²; running statistics move by `momentum`, the variance unbiased (Ioffe & Szegedy
   * 2015, as PyTorch). `partials`: 2 · 32 · channels.
   */
  'batch-norm-statistics': {
    operands: {
      x: 'in',
      gamma: 'in',
      beta: 'in',
      mean: 'inout',
      variance: 'inout',
      saved: 'out',
      partials: 'scratch',
    },
    numbers: { rows: 'int', channels: 'int', eps: 'float', momentum: 'float' },
  },
  /** Training batch norm with what follows it: y = activation(scale · x + shift + residual). */
  'batch-norm-output': {
    operands: { x: 'in', saved: 'in', residual: 'in?', y: 'out' },
    numbers: { rows: 'int', channels: 'int', activation: 'int' },
  },
  /**
   * Gradients of training batch norm. Without `y` the activation's slope is recomputed from x; with `y` (there was a residual; the
   * activation is a ReLU) it is read from y and dy becomes the gradient before the activation, which is the residual's.
   * Without `y` dy is spoilt. dx may be dy. `partials`: 64 · channels.
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
  /** dx (+)= dy · activation'(x). For a ReLU x may be its output as well. */
  'activation-gradient': {
    operands: { x: 'in', dy: 'in', dx: 'inout' },
    numbers: { count: 'int', activation: 'int', accumulate: 'int' },
  },
  /** y = activation(a + b). */
  add: { operands: { a: 'in', b: 'in', y: 'out' }, numbers: { count: 'int', activation: 'int' } },
  /** y[r, c] (+)= a[r, c] · b[⌊r / area⌋, c]: a gate when `area` is an image's pixels, a plain product when it is 1. */
  multiply: {
    operands: { a: 'in', b: 'in', y: 'inout' },
    numbers: { rows: 'int', channels: 'int', area: 'int', accumulate: 'int' },
  },
  /** db[q, c] (+)= Σ_r dy[r, c] · a[r, c] over the `area` rows that share row q of b. */
  'multiply-gradient': {
    operands: { a: 'in', dy: 'in', db: 'inout' },
    numbers: { rows: 'int', channels: 'int', area: 'int', accumulate: 'int' },
  },
  /** y = window maximum; padding never wins. */
  'max-pool': { operands: { x: 'in', y: 'out' }, numbers: POOL_SHAPE },
  /** dx (+)= dy at the first maximum of each window, in row order, as PyTorch. */
  'max-pool-gradient': {
    operands: { x: 'in', y: 'in', dy: 'in', dx: 'inout' },
    numbers: { ...POOL_SHAPE, accumulate: 'int' },
  },
  /** y = mean of the window's pixels that lie inside the image, or of all of it. */
  'average-pool': { operands: { x: 'in', y: 'out' }, numbers: AVERAGE_SHAPE },
  /** dx (+)= dy shared out over the window. */
  'average-pool-gradient': { operands: { dy: 'in', dx: 'inout' }, numbers: { ...AVERAGE_SHAPE, accumulate: 'int' } },
  /**
   * y (+)= x / (1 − rate) or 0, each kept with probability 1 − rate. Bits are those of `bits(seed + salt, 'dropout', step,
   * index)`, index counted over dense rows, so the same call on dy is the gradient.
   */
  dropout: {
    operands: { x: 'in', y: 'inout' },
    numbers: { rows: 'int', channels: 'int', stride: 'int', salt: 'int', rate: 'float', accumulate: 'int' },
  },
  /**
   * y (+)= x / (1 − rate) or 0, a sample of `area` rows being kept as a whole with probability 1 − rate (Huang et al. 2016).
   * Bits are those of `bits(seed + salt, 'depth', step, sample)`; the same call on dy is the gradient.
   */
  'stochastic-depth': {
    operands: { x: 'in', y: 'inout' },
    numbers: { rows: 'int', channels: 'int', area: 'int', salt: 'int', rate: 'float', accumulate: 'int' },
  },
  /** AdamW (Loshchilov & Hutter 2019) in PyTorch's form; `decay` says whether weight decay applies. */
  adamw: {
    operands: { w: 'inout', g: 'in', expAvg: 'inout', expAvgSq: 'inout' },
    numbers: { count: 'int', decay: 'int', beta1: 'float', beta2: 'float', eps: 'float' },
  },
  /** SGD with momentum and coupled L2 decay in PyTorch's form. */
  sgd: {
    operands: { w: 'inout', g: 'in', momentumBuffer: 'inout' },
    numbers: { count: 'int', decay: 'int', nesterov: 'int', momentum: 'float' },
  },
  /** RMSprop (Tieleman & Hinton 2012) with momentum and coupled L2 decay in PyTorch's form. */
  rmsprop: {
    operands: { w: 'inout', g: 'in', squareAvg: 'inout', momentumBuffer: 'inout' },
    numbers: { count: 'int', decay: 'int', alpha: 'float', eps: 'float', momentum: 'float' },
  },
  /** average += averageStep · (x − average): an exponential moving average (Polyak & Juditsky 1992). */
  'moving-average': { operands: { average: 'inout', x: 'in' }, numbers: { count: 'int' } },
} as const;
