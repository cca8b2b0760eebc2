/** Shape of one sample of a feature map: height and width in pixels, channels. A vector has height = width = 1. */
export interface Shape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Index of a layer in its network; also the name of the tensor that the layer makes. */
export type LayerIndex = number;

interface LayerOf<Kind extends string> {
  readonly kind: Kind;
  /** torchvision/timm module name (`layer1.0.conv1`); unique among layers that own parameters. */
  readonly name: string;
  readonly inputs: readonly LayerIndex[];
  readonly shape: Shape;
}

/** What a network is given: an image, or a feature map of another network. */
export interface InputLayer extends LayerOf<'input'> {
  /** Whether training also gives the gradient of the input: an adapter's is passed on to the map it reads. */
  readonly differentiable: boolean;
}

/** Two-dimensional convolution, also grouped and depthwise (groups = channels). Weight `<name>.weight` OIHW, bias `<name>.bias`. */
export interface ConvLayer extends LayerOf<'conv'> {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: number;
  /** Zero padding on every side, as in PyTorch. */
  readonly padding: number;
  readonly dilation: number;
  readonly groups: number;
  readonly bias: boolean;
}

/** Batch normalisation over N, H, W. `<name>.weight`, `.bias`, `.running_mean`, `.running_var`. */
export interface BatchNormLayer extends LayerOf<'batch-norm'> {
  readonly eps: number;
  /** PyTorch's momentum: running = (1 − momentum)·running + momentum·batch. */
  readonly momentum: number;
}

/** Elementwise function. */
export interface ActivationLayer extends LayerOf<'activation'> {
  readonly function: 'relu' | 'relu6' | 'silu' | 'sigmoid' | 'hard-sigmoid';
}

/** Window maximum or mean; padding counts as −∞ (max) or is left out of the mean (average). */
export interface PoolLayer extends LayerOf<'pool'> {
  readonly mode: 'max' | 'average';
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  /** Whether the padding counts in an average, as pixels of 0: PyTorch's `count_include_pad`. */
  readonly countPadding: boolean;
}

/** Fully connected layer on [N, inFeatures]. Weight `<name>.weight` [out, in], bias `<name>.bias`. */
export interface LinearLayer extends LayerOf<'linear'> {
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly bias: boolean;
}

/** Joins the channels of equal maps: all of the first, then all of the second …, or one of each in turn. */
export interface ConcatLayer extends LayerOf<'concat'> {
  /** Whether channel c of part k of n becomes channel c·n + k: a join and the channel shuffle (Zhang et al. 2018) behind it. */
  readonly interleaved: boolean;
}

/** As many of its input's channels as its shape has, in a row. */
export interface SliceLayer extends LayerOf<'slice'> {
  /** The first of them. */
  readonly from: number;
}

/** Elements set to 0 with `rate`, others scaled by 1/(1 − rate); identity in evaluation. */
export interface DropoutLayer extends LayerOf<'dropout'> {
  readonly rate: number;
}

/** Whole samples set to 0 with `rate`, others scaled by 1/(1 − rate) (Huang et al., 2016); identity in evaluation. */
export interface StochasticDepthLayer extends LayerOf<'stochastic-depth'> {
  readonly rate: number;
}

/** One node of the graph. */
export type Layer =
  | InputLayer
  | ConvLayer
  | BatchNormLayer
  | ActivationLayer
  | PoolLayer
  /** Mean over height and width. */
  | LayerOf<'global-average-pool'>
  | LinearLayer
  /** Sum of two equal shapes. */
  | LayerOf<'add'>
  /** Product; the second input may be 1×1 (squeeze-excite gate). */
  | LayerOf<'multiply'>
  | ConcatLayer
  | SliceLayer
  | DropoutLayer
  | StochasticDepthLayer;

/** Kind of value that a parameter or buffer holds: decides initial value, weight decay and layout. */
export type Role =
  | 'conv.weight'
  | 'conv.bias'
  | 'linear.weight'
  | 'linear.bias'
  | 'bn.weight'
  | 'bn.bias'
  | 'bn.mean'
  | 'bn.var';

/** One state-dict entry: PyTorch's name, role and shape. `trained` is false for running statistics, and for what is frozen. */
export interface ParameterSpec {
  readonly name: string;
  readonly role: Role;
  readonly shape: readonly number[];
  readonly trained: boolean;
}

/**
 * A network as data: layers in topological order, the first is the input, the last gives the logits.
 * Everything that knows a network (engines, cost counter, weight files, exporters, `kdpipe show`) reads this.
 */
export interface Network {
  readonly model: string;
  readonly input: Shape;
  readonly classes: number;
  readonly layers: readonly Layer[];
  /** State-dict entries in PyTorch's order. */
  readonly parameters: readonly ParameterSpec[];
  /**
   * Named tensors for distillation: `block1` … `block4` (the last layer at each resolution), `pooled`
   * (input of the classifier) and `logits`.
   */
  readonly taps: Readonly<Record<string, LayerIndex>>;
}

/** Values of parameters and buffers by PyTorch name, each flat in PyTorch's layout (OIHW, [out, in]), float32. */
export type StateDict = ReadonlyMap<string, Float32Array>;
