import type { Adapter } from '../../src/ml/algebra/adapter.ts';
import type { AdapterCall } from '../../src/ml/algebra/node.ts';
import type { Shape } from '../../src/ml/network/network.ts';
import type { AdapterCallbacks, Values } from './evaluate-expression.ts';

const sizeOf = ({ height, width, channels }: Shape): number => height * width * channels;

/** Values of one image at input and output, and where output k comes from. */
function sizesOf({ network }: Adapter) {
  const [from, to] = [sizeOf(network.input), sizeOf(network.layers.at(-1)!.shape)];
  return { from, to, source: (k: number) => Math.floor((k % to) * (from / to)) + from * Math.floor(k / to) };
}

/**
 * Runs adapters that have learned nothing: the identity where input and output are alike, elsewhere each output value is
 * the input value at the same place of the image. What a method's term is without what its adapters know; linear, so that
 * finite differences are exact.
 */
export class EchoRunner implements AdapterCallbacks {
  forward({ adapter }: AdapterCall, input: Float64Array, images: number): Values {
    const { to, source } = sizesOf(adapter);
    return Float64Array.from({ length: images * to }, (_, k) => input[source(k)]!);
  }

  backward({ adapter }: AdapterCall, gradient: Float64Array): Values {
    const { from, to, source } = sizesOf(adapter);
    const back = new Float64Array((gradient.length / to) * from);
    gradient.forEach((slope, k) => (back[source(k)]! += slope));
    return back;
  }
}
