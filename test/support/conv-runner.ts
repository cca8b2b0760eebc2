import type { AdapterCall } from '../../src/ml/algebra/node.ts';
import type { ConvLayer, Layer, Network, Shape } from '../../src/ml/network/network.ts';
import type { AdapterCallbacks, Values } from './evaluate-expression.ts';

/** Calls `visit` with the places of each product of a convolution: input, weight, output. */
function forEachProduct(
  layer: ConvLayer,
  from: Shape,
  images: number,
  visit: (input: number, weight: number, output: number) => void,
): void {
  const { kernel, stride, padding, inChannels, outChannels, shape } = layer;
  for (let output = 0; output < images * shape.height * shape.width * outChannels; output++) {
    const o = output % outChannels;
    const pixel = Math.floor(output / outChannels);
    const [x, y] = [pixel % shape.width, Math.floor(pixel / shape.width) % shape.height];
    const image = Math.floor(pixel / (shape.width * shape.height));
    for (let tap = 0; tap < inChannels * kernel * kernel; tap++) {
      const [i, u, v] = [Math.floor(tap / kernel ** 2), Math.floor(tap / kernel) % kernel, tap % kernel];
      const [row, column] = [y * stride - padding + u, x * stride - padding + v];
      if (row < 0 || row >= from.height || column < 0 || column >= from.width) continue;
      const input = ((image * from.height + row) * from.width + column) * inChannels + i;
      visit(input, o * inChannels * kernel ** 2 + tap, output);
    }
  }
}

/** Runs adapters of convolutions and ReLUs, one behind the other, in float64. */
export class ConvRunner implements AdapterCallbacks {
  /** Gradients of the parameters that have run backwards, by name. */
  readonly gradients = new Map<string, Float64Array>();
  readonly #parameters: ReadonlyMap<string, Values>;
  /** Activations of the last run, by adapter; the input first. */
  readonly #activations = new Map<string, readonly Float64Array[]>();

  /** @param parameters - by name */
  constructor(parameters: ReadonlyMap<string, Values>) {
    this.#parameters = parameters;
  }

  forward({ adapter: { name, network } }: AdapterCall, input: Float64Array, images: number): Values {
    const activations = [input];
    for (const layer of network.layers.slice(1))
      activations.push(this.#apply(layer, activations.at(-1)!, network, images));
    this.#activations.set(name, activations);
    return activations.at(-1)!;
  }

  backward({ adapter: { name, network } }: AdapterCall, gradient: Float64Array): Values {
    const activations = this.#activations.get(name)!;
    return network.layers.slice(1).reduceRight((slopes, layer, at) => {
      const input = activations[at]!;
      if (layer.kind === 'conv') return this.#convolveBack(layer, network, input, slopes);
      return slopes.map((slope, i) => (input[i]! > 0 ? slope : 0));
    }, gradient);
  }

  #apply(layer: Layer, input: Float64Array, { layers }: Network, images: number): Float64Array {
    if (layer.kind === 'activation' && layer.function === 'relu') return input.map((value) => Math.max(value, 0));
    if (layer.kind !== 'conv') throw new Error(`no ${layer.kind} here`);
    const [weight, bias] = ['weight', 'bias'].map((part) => this.#parameters.get(`${layer.name}.${part}`)!);
    const { height, width, channels } = layer.shape;
    const output = new Float64Array(images * height * width * channels).map((_, i) => bias![i % channels]!);
    forEachProduct(layer, layers[layer.inputs[0]!]!.shape, images, (from, by, to) => {
      output[to]! += input[from]! * weight![by]!;
    });
    return output;
  }

  #convolveBack(layer: ConvLayer, { layers }: Network, input: Float64Array, slopes: Float64Array): Float64Array {
    const weight = this.#parameters.get(`${layer.name}.weight`)!;
    const { height, width, channels } = layer.shape;
    const back = new Float64Array(input.length);
    const [ofWeight, ofBias] = [new Float64Array(weight.length), new Float64Array(channels)];
    const images = slopes.length / (height * width * channels);
    forEachProduct(layer, layers[layer.inputs[0]!]!.shape, images, (from, by, to) => {
      back[from]! += slopes[to]! * weight[by]!;
      ofWeight[by]! += slopes[to]! * input[from]!;
    });
    slopes.forEach((slope, i) => (ofBias[i % channels]! += slope));
    this.gradients.set(`${layer.name}.weight`, ofWeight).set(`${layer.name}.bias`, ofBias);
    return back;
  }
}
