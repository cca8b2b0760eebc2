import { doubleAt, floatAt } from '../../../util/at.ts';
import { requireLastMap, withLastMap, LAST_MAP } from '../../network/last-map.ts';
import type { Layer, Network, Shape, StateDict } from '../../network/network.ts';

/** How a map of activation is made: the map of a network that does not allow the first is of the second. */
export type MapMethod = 'CAM' | 'Grad-CAM';

/** A network whose last feature map can be read. */
export interface WatchedNetwork {
  /** The network with one more tap. */
  readonly network: Network;
  /** Its name. */
  readonly tap: string;
  /** Of the map. */
  readonly shape: Shape;
  /** Layers from the pooled features to the logits, each of which reads the one before it. */
  readonly head: readonly Layer[];
  readonly method: MapMethod;
}

/**
 * Finds the map that a network pools before it names a class.
 *
 * @param network - a classifier
 * @returns the network with a tap there, and what lies behind the pool
 * @throws FailureError `no-last-map` where no chain of layers leads from a global average pool to the logits
 */
export function watchLastMap(network: Network): WatchedNetwork {
  const { shape, head } = requireLastMap(network);
  return { network: withLastMap(network), tap: LAST_MAP, shape, head, method: head.length === 1 ? 'CAM' : 'Grad-CAM' };
}

/** Values of a layer, and how the slopes of its output become those of its input. */
interface Passed {
  readonly output: Float64Array;
  readonly back: (slopes: Float64Array) => Float64Array;
}

/** A linear layer, or a 1×1 convolution of one pixel. */
function throughProduct(name: string, features: Float64Array, state: StateDict): Passed {
  const [weight, bias] = [state.get(`${name}.weight`), state.get(`${name}.bias`)];
  if (!weight) throw new Error(`no ${name}.weight`);
  const inputs = features.length;
  const outputs = weight.length / inputs;
  const output = new Float64Array(outputs);
  for (let out = 0; out < outputs; out++) {
    let sum = bias ? floatAt(bias, out) : 0;
    for (let from = 0; from < inputs; from++) sum += floatAt(weight, out * inputs + from) * doubleAt(features, from);
    output[out] = sum;
  }
  const back = (slopes: Float64Array): Float64Array => {
    const found = new Float64Array(inputs);
    for (let out = 0; out < outputs; out++) {
      const slope = doubleAt(slopes, out);
      if (slope === 0) continue;
      for (let from = 0; from < inputs; from++)
        found[from] = doubleAt(found, from) + slope * floatAt(weight, out * inputs + from);
    }
    return found;
  };
  return { output, back };
}

function throughRelu(features: Float64Array): Passed {
  const back = (slopes: Float64Array): Float64Array =>
    slopes.map((slope, at) => (doubleAt(features, at) > 0 ? slope : 0));
  return { output: features.map((value) => Math.max(value, 0)), back };
}

function through(layer: Layer, features: Float64Array, state: StateDict): Passed {
  if (layer.kind === 'linear' || (layer.kind === 'conv' && layer.kernel === 1 && layer.groups === 1))
    return throughProduct(layer.name, features, state);
  if (layer.kind === 'activation' && layer.function === 'relu') return throughRelu(features);
  throw new Error(`no rule for the slope of ${layer.kind} ${layer.name} of one pixel`);
}

/**
 * How much a class's logit grows with each pooled feature: of a single linear layer, the row of its weights that the class has.
 *
 * @param head - layers behind the pool
 * @param state - their weights
 * @param pooled - the features, [K]
 * @param label - the class
 * @returns ∂logit/∂pooled, [K]
 */
function slopesOf(
  [layer, ...behind]: readonly Layer[],
  state: StateDict,
  pooled: Float64Array,
  label: number,
): Float64Array {
  if (!layer) return pooled.map((_, at) => (at === label ? 1 : 0));
  const { output, back } = through(layer, pooled, state);
  return back(slopesOf(behind, state, output, label));
}

/**
 * Where a network sees a class: M(x, y) = Σ_k w_k A_k(x, y) with w_k = ∂logit/∂(mean of A_k) of the last map A. Behind a global average
 * pool and one linear layer w_k is the weight of the class: the class activation map (Zhou et al.: Learning Deep Features for
 * Discriminative Localization, CVPR 2016), whose mean is the logit without its bias. Behind more layers it is Grad-CAM's (Selvaraju et
 * al., ICCV 2017), before the ReLU and times the number of pixels.
 *
 * @param watched - of the network
 * @param state - its weights
 * @param map - A, float32 [H, W, K]
 * @param label - the class
 * @returns M, [H, W]
 */
export function activationOf(
  watched: WatchedNetwork,
  state: StateDict,
  map: Float32Array,
  label: number,
): Float64Array {
  const { head, shape } = watched;
  const { channels } = shape;
  const pixels = map.length / channels;
  const pooled = new Float64Array(channels);
  map.forEach((value, at) => (pooled[at % channels] = doubleAt(pooled, at % channels) + value / pixels));
  const slopes = slopesOf(head, state, pooled, label);
  return Float64Array.from({ length: pixels }, (_, pixel) =>
    slopes.reduce((sum, slope, channel) => sum + slope * floatAt(map, pixel * channels + channel), 0),
  );
}
