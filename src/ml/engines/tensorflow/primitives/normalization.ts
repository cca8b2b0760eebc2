import { at } from '../../../../util/at.ts';
import type { Graph, Tensor } from '../graph.ts';
import type { Operand } from '../operand.ts';
import type { Attributes } from '../proto.ts';
import { activate, activationGradient, isSlopeOfOutput } from './activations.ts';
import type { Nodes } from './context.ts';
import { finish } from './maps.ts';

/** What TensorFlow's kernel computed along with statistics, and what became of it, by what was saved of them. */
interface Made {
  readonly x: Tensor;
  /** x, normalized. */
  readonly normalized: Tensor;
  /** The norm's output, where it is but the activation of that. */
  output?: Tensor;
  /** What the gradient's kernel wants beside dy and x, and its ε. */
  readonly reserved: readonly Tensor[];
  readonly eps: number;
}

const made = new WeakMap<Tensor, Made>();

/** What both kernels are told. */
const attributesOf = (epsilon: number): Attributes => ({
  T: { type: 'float' },
  U: { type: 'float' },
  epsilon: { float: epsilon },
  data_format: { text: 'NHWC' },
  is_training: { bool: true },
});

/** Scale, shift, mean and inverse deviation by channel. */
function rowsOf(graph: Graph, saved: Operand, channels: number): readonly [Tensor, Tensor, Tensor, Tensor] {
  const [scale, shift, mean, inverse] = graph
    .split(saved.get(4, channels), 4, 0)
    .map((row) => graph.reshape(row, [channels]));
  if (!scale || !shift || !mean || !inverse) throw new Error('a batch norm saves four rows');
  return [scale, shift, mean, inverse];
}

/** scale · x + shift as scale · (x − mean) + β, which keeps its digits where |mean| is far above the deviation. */
function normalize(graph: Graph, x: Tensor, saved: Operand): Tensor {
  const channels = x.shape.at(-1) ?? 1;
  const [scale, shift, mean] = rowsOf(graph, saved, channels);
  const beta = graph.add(shift, graph.mul(mean, scale));
  return graph.add(graph.mul(graph.sub(x, mean), scale), beta);
}

/**
 * What a product reads: x, or the output of the batch norm that made it of x.
 *
 * @param graph - receives the nodes
 * @param x - maps, channels last
 * @param inputNorm - scale and shift by channel first; null where x is read as it is
 * @param activation - code of `ACTIVATIONS`, of the norm
 * @returns as many values
 */
export function readThrough(graph: Graph, x: Tensor, inputNorm: Operand | null, activation: number): Tensor {
  if (!inputNorm) return x;
  const channels = x.shape.at(-1) ?? 1;
  const [scale, shift] = [inputNorm.get(channels), inputNorm.from(channels).get(channels)];
  return activate(graph, graph.add(graph.mul(x, scale), shift), activation);
}

/** What the gradient's kernel wants, from what was saved: 1/inverse² − ε for a variance, whatever the norm's own ε is. */
function reservedOf(graph: Graph, saved: Operand, channels: number, gpu: boolean): Pick<Made, 'reserved' | 'eps'> {
  const eps = 1e-5;
  const [scale, , mean, inverse] = rowsOf(graph, saved, channels);
  const variance = graph.sub(graph.unary('Reciprocal', graph.unary('Square', inverse)), graph.scalar(eps));
  const gamma = graph.div(scale, inverse);
  return { reserved: [gamma, mean, gpu ? inverse : variance, graph.constant(new Float32Array(), [0])], eps };
}

export const normalizations: Nodes<
  'batch-norm-statistics' | 'batch-norm-output' | 'batch-norm-gradient' | 'fold-batch-norm' | 'affine'
> = {
  'batch-norm-statistics'({ x, gamma, beta, mean, variance, saved }, { rows, channels, eps, momentum }, context) {
    const { graph, gpu } = context;
    const maps = x.rows(rows, channels);
    const [scale, offset] = [gamma.get(channels), beta.get(channels)];
    // Where nothing is left of what was there, TensorFlow wants nothing of it.
    const none = graph.constant(new Float32Array(), [0]);
    const running = momentum < 1 ? [mean.get(channels), variance.get(channels)] : [none, none];
    const shapes = [maps.shape, ...Array<number[]>(5).fill([channels])];
    const outputs = graph.outputs('FusedBatchNormV3', [maps, scale, offset, ...running], shapes, {
      attributes: { ...attributesOf(eps), exponential_avg_factor: { float: momentum } },
    });
    mean.put(at(outputs, 1));
    variance.put(at(outputs, 2));
    // The kernels of a CPU keep the variance, those of a GPU the inverse deviation.
    const [mu, spread] = [at(outputs, 3), at(outputs, 4)];
    const inverse = gpu ? spread : graph.unary('Rsqrt', graph.add(spread, graph.scalar(eps)));
    const slope = graph.mul(scale, inverse);
    const kept = graph.concat([slope, graph.sub(offset, graph.mul(mu, slope)), mu, inverse], 0);
    made.set(kept, { x: maps, normalized: at(outputs, 0), reserved: [scale, ...outputs.slice(3)], eps });
    saved.put(kept);
  },
  'batch-norm-output'({ x, saved, residual, y }, { rows, channels, activation }, { graph }) {
    const maps = x.rows(rows, channels);
    const before = made.get(saved.some(4 * channels));
    const normalized = before?.x === maps ? before.normalized : normalize(graph, maps, saved);
    const sum = residual ? graph.add(normalized, residual.get(...normalized.shape)) : normalized;
    const output = activate(graph, sum, activation);
    if (before && !residual) before.output = output;
    y.put(output);
  },
  'batch-norm-gradient'({ x, y, dy, saved, dgamma, dbeta, dx }, { rows, channels, activation }, context) {
    const { graph, gpu } = context;
    const maps = x.rows(rows, channels);
    const before = made.get(saved.some(4 * channels));
    let gradient = dy.get(...maps.shape);
    if (activation) {
      const output = isSlopeOfOutput(activation) ? before?.output : undefined;
      const seen = y?.get(...maps.shape) ?? output ?? before?.normalized ?? normalize(graph, maps, saved);
      gradient = activationGradient(graph, gradient, seen, activation);
    }
    if (y) dy.put(gradient);
    const { reserved, eps } = before ?? reservedOf(graph, saved, channels, gpu);
    const shapes = [maps.shape, [channels], [channels], [0], [0]];
    const outputs = graph.outputs('FusedBatchNormGradV3', [gradient, maps, ...reserved], shapes, {
      attributes: attributesOf(eps),
    });
    dx.put(at(outputs, 0));
    dgamma.put(at(outputs, 1));
    dbeta.put(at(outputs, 2));
  },
  'fold-batch-norm'({ gamma, beta, mean, variance, scale, shift }, { channels, eps }, { graph }) {
    const inverse = graph.unary('Rsqrt', graph.add(variance.get(channels), graph.scalar(eps)));
    const slope = graph.mul(gamma.get(channels), inverse);
    scale.put(slope);
    shift.put(graph.sub(beta.get(channels), graph.mul(mean.get(channels), slope)));
  },
  affine({ x, ...epilogue }, { rows, channels, activation }, { graph }) {
    finish(graph, x.rows(rows, channels), epilogue, activation);
  },
};
