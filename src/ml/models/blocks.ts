import type { ConvOptions, NetworkBuilder } from '../network/builder.ts';
import type { ActivationLayer, LayerIndex } from '../network/network.ts';

/** A convolution (padding (kernel − 1) / 2, no bias by default) with batch norm. */
export interface ConvNormOptions extends ConvOptions {
  /** PyTorch name of the convolution. */
  readonly conv: string;
  /** PyTorch name of the batch norm. */
  readonly norm: string;
  /** Behind the batch norm; none by default. */
  readonly activation?: ActivationLayer['function'];
  /** ε of the batch norm. */
  readonly eps?: number;
}

/**
 * Adds convolution, batch norm and, if told, activation.
 *
 * @param net - the network
 * @param x - input
 * @param options - names, window, activation
 * @returns the last of them
 */
export function convNorm(net: NetworkBuilder, x: LayerIndex, options: ConvNormOptions): LayerIndex {
  const { conv, norm, activation, eps, ...window } = options;
  const y = net.batchNorm(norm, net.conv(conv, x, window), eps === undefined ? {} : { eps });
  return activation === undefined ? y : net.activation(`${norm}.${activation}`, y, activation);
}

/**
 * PyTorch names of a `Sequential` of convolution and batch norm.
 *
 * @param name - name of the sequence
 * @param first - the convolution's position in it
 * @returns names for {@link convNorm}
 */
export function sequence(name: string, first = 0): { readonly conv: string; readonly norm: string } {
  return { conv: `${name}.${first}`, norm: `${name}.${first + 1}` };
}

/** A squeeze-excite gate. */
export interface SqueezeExciteOptions {
  /** PyTorch names of the two 1×1 convolutions. */
  readonly reduce: string;
  readonly expand: string;
  /** Channels between them. */
  readonly channels: number;
  readonly activation: ActivationLayer['function'];
  readonly gate: 'sigmoid' | 'hard-sigmoid';
}

/**
 * Adds squeeze-excite: x · gate(expand(activation(reduce(mean over pixels of x)))), 1×1 convolutions with bias.
 * Hu, Shen, Sun: Squeeze-and-Excitation Networks, CVPR 2018.
 *
 * @param net - the network
 * @param x - a feature map
 * @param options - names, channels, functions
 * @returns the gated map
 */
export function squeezeExcite(net: NetworkBuilder, x: LayerIndex, options: SqueezeExciteOptions): LayerIndex {
  const { reduce, expand, channels, activation, gate } = options;
  const pointwise = { kernel: 1, bias: true };
  let y = net.conv(reduce, net.globalAveragePool(`${reduce}.pool`, x), { ...pointwise, channels });
  y = net.activation(`${reduce}.${activation}`, y, activation);
  y = net.conv(expand, y, { ...pointwise, channels: net.shape(x).channels });
  return net.multiply(`${expand}.multiply`, x, net.activation(`${expand}.${gate}`, y, gate));
}

const BLOCK_STRIDES = [4, 8, 16, 32];

/**
 * Taps a layer as `block1` … `block4` if its stride is 4, 8, 16 or 32. Called behind every layer of a network's table:
 * the last layer at each stride keeps the name.
 *
 * @param net - the network
 * @param x - a layer
 * @param stride - image pixels a pixel of it
 * @returns the layer
 */
export function tapBlock(net: NetworkBuilder, x: LayerIndex, stride: number): LayerIndex {
  const block = BLOCK_STRIDES.indexOf(stride) + 1;
  return block ? net.tap(`block${block}`, x) : x;
}

/**
 * Taps a block that ends with a ReLU as `block<n>`, and what that reads as `preact<n>`.
 *
 * @param net - the network
 * @param block - n
 * @param x - the ReLU
 * @returns the ReLU
 */
export function tapActivated(net: NetworkBuilder, block: number, x: LayerIndex): LayerIndex {
  net.tap(`preact${block}`, net.read(x));
  return net.tap(`block${block}`, x);
}
