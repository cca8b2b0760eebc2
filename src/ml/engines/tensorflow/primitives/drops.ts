import { streams, type Stream } from '../../../random/random.ts';
import type { Graph, Tensor } from '../graph.ts';
import type { Context, Nodes } from './context.ts';

const GOLDEN = 0x9e3779b1;

const word = (graph: Graph, value: number): Tensor => graph.constant(Uint32Array.of(value), []);

/** Words to start from: seed and step of the run, and which call it is. */
interface Key {
  readonly salt: number;
  readonly stream: Stream;
}

/** MurmurHash3's finaliser (Appleby) of 32-bit words. */
function mixed(graph: Graph, x: Tensor): Tensor {
  const folded = (value: Tensor, bits: number): Tensor =>
    graph.binary('BitwiseXor', value, graph.binary('RightShift', value, word(graph, bits)));
  const first = graph.mul(folded(x, 16), word(graph, 0x85ebca6b));
  return folded(graph.mul(folded(first, 13), word(graph, 0xc2b2ae35)), 16);
}

/** The bits that random/random.ts draws for (seed + salt, stream, step, place): as many as there are places. */
function drawn({ graph, control }: Context, { salt, stream }: Key, places: Uint32Array): Tensor {
  const seed = graph.add(control('seed'), word(graph, salt));
  const state = mixed(graph, graph.binary('BitwiseXor', seed, word(graph, streams[stream])));
  const next = mixed(graph, graph.add(state, graph.mul(control('step'), word(graph, GOLDEN))));
  const offsets = places.map((place) => Math.imul(place, GOLDEN) + 0x7f4a7c15);
  return mixed(graph, graph.add(next, graph.constant(offsets, [offsets.length])));
}

/** x / (1 − rate) where the bits are high enough, else 0. */
function left(graph: Graph, x: Tensor, bits: Tensor, rate: number): Tensor {
  if (rate >= 1) return graph.fill(x.shape, 0);
  const isKept = graph.compare('GreaterEqual', bits, word(graph, Math.ceil(rate * 2 ** 32)));
  return graph.mul(x, graph.select(isKept, graph.scalar(1 / (1 - rate)), graph.scalar(0)));
}

export const drops: Nodes<'dropout' | 'stochastic-depth'> = {
  dropout({ x, y }, { rows, channels, stride, salt, rate, accumulate }, context) {
    const { graph } = context;
    const places = Uint32Array.from(
      { length: rows * stride },
      (_, at) => Math.floor(at / stride) * channels + (at % stride),
    );
    const bits = graph.reshape(drawn(context, { salt, stream: 'dropout' }, places), [rows, stride]);
    y.put(left(graph, x.get(rows, stride), bits, rate), accumulate);
  },
  'stochastic-depth'({ x, y }, { rows, channels, area, salt, rate, accumulate }, context) {
    const { graph } = context;
    const samples = rows / area;
    const bits = drawn(
      context,
      { salt, stream: 'depth' },
      Uint32Array.from({ length: samples }, (_, at) => at),
    );
    y.put(left(graph, x.get(samples, area * channels), graph.reshape(bits, [samples, 1]), rate), accumulate);
  },
};
