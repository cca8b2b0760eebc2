import type { Adapter } from '../../src/ml/methods/algebra/adapter.ts';
import type { KdLoss } from '../../src/ml/methods/kd-method.ts';
import type { AdapterRunner } from '../../src/ml/methods/terms/kd-loss.ts';
import type { Shape } from '../../src/ml/network/network.ts';

const sizeOf = ({ height, width, channels }: Shape): number => height * width * channels;

/**
 * Runs adapters that have learned nothing: the identity where input and output are alike, elsewhere each output value is
 * the input value at the same place of the image. What a method's term is without what its adapters know; linear, so that
 * finite differences are exact.
 */
export class EchoRunner implements AdapterRunner {
  readonly #adapters: ReadonlyMap<string, Adapter>;

  constructor({ adapters = [] }: KdLoss) {
    this.#adapters = new Map(adapters.map((adapter) => [adapter.name, adapter]));
  }

  /** Values of one image at input and output, and where output k comes from. */
  #sizes(name: string): { readonly from: number; readonly to: number; readonly source: (k: number) => number } {
    const { network } = this.#adapters.get(name)!;
    const [from, to] = [sizeOf(network.input), sizeOf(network.layers.at(-1)!.shape)];
    return { from, to, source: (k) => Math.floor((k % to) * (from / to)) + from * Math.floor(k / to) };
  }

  forward(name: string, input: Float32Array, batch: number): Float32Array {
    const { to, source } = this.#sizes(name);
    return Float32Array.from({ length: batch * to }, (_, k) => input[source(k)]!);
  }

  backward(name: string, gradient: Float32Array): Float32Array {
    const { from, to, source } = this.#sizes(name);
    const back = new Float32Array((gradient.length / to) * from);
    gradient.forEach((slope, k) => (back[source(k)]! += slope));
    return back;
  }
}
