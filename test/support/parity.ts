import { array } from '../../src/ml/algebra/inputs.ts';
import { crossEntropy } from '../../src/ml/losses/cross-entropy.ts';
import type { Engine, Session } from '../../src/ml/engines/engine.ts';
import { models, type ModelName } from '../../src/ml/models/registry.ts';
import type { Network, StateDict } from '../../src/ml/network/network.ts';
import { evaluateLoss } from './expression.ts';
import { channelsFirst, channelsLast, hashed, hashedState } from './hashed.ts';
import type { BlockSummary, Golden } from './model-fixtures.ts';

/** How far an engine is from PyTorch's float64 in one quantity of one network. */
export interface Difference {
  readonly quantity: string;
  /** Largest absolute difference (relative for gradient norms). */
  readonly difference: number;
  /** The same of PyTorch's float32. */
  readonly pytorch: number;
  /** What is allowed to an engine that computes in float32, and to one that only hands out float32. */
  readonly tolerance: { readonly float32: number; readonly float64: number };
}

/**
 * How many times PyTorch's own float32 difference an engine may be off; the reference set's README allows 10 to 50. Both
 * are single draws of the same rounding noise, ours in another order of summation and with Winograd's transforms.
 */
const MULTIPLE = 20;
/** PyTorch's draw may be luckily near 0, of a single number above all: no floor is taken below one rounding. */
const ROUNDING = 2 ** -23;
/** A ReLU whose input is within rounding of 0 may change sides, which makes a gradient jump by such a part, a single element more. */
const JUMP = { norm: 1e-3, element: 1e-2 };
/** Gradients below this part of the largest norm are 0 up to rounding, or close to it: compared absolutely. */
const NEGLIGIBLE = 1e-3;

const BATCH = 2;
const OPTIMIZER = { name: 'sgd', momentum: 0, nesterov: false } as const;

/** Collects the differences of one quantity. */
class Comparison {
  #difference = 0;
  #magnitude = 0;

  add(got: ArrayLike<number>, expected: readonly number[]): this {
    expected.forEach((value, i) => {
      const difference = Math.abs((got[i] ?? NaN) - value);
      // A NaN must not get lost in Math.max.
      this.#difference = Number.isNaN(difference) ? Infinity : Math.max(this.#difference, difference);
      this.#magnitude = Math.max(this.#magnitude, Math.abs(value));
    });
    return this;
  }

  result(quantity: string, golden: Golden, jump = 0): Difference {
    const pytorch = golden.max_f32_difference[quantity];
    if (pytorch === undefined) throw new Error(`the fixture says nothing of ${quantity}`);
    const rounding = ROUNDING * this.#magnitude;
    const float32 = Math.max(MULTIPLE * Math.max(pytorch, rounding), jump * this.#magnitude);
    return { quantity, difference: this.#difference, pytorch, tolerance: { float32, float64: 2 * rounding } };
  }
}

/** The network without dropout and stochastic depth: rates are data. */
function undropped(network: Network): Network {
  return { ...network, layers: network.layers.map((layer) => ('rate' in layer ? { ...layer, rate: 0 } : layer)) };
}

function summaryOf(nchw: Float32Array): number[] {
  const mean = nchw.reduce((sum, x) => sum + x, 0) / nchw.length;
  const variance = nchw.reduce((sum, x) => sum + (x - mean) ** 2, 0) / nchw.length;
  return [mean, Math.sqrt(variance), ...nchw.subarray(0, 8)];
}

function compareBlocks(
  network: Network,
  tap: (name: string) => Float32Array,
  expected: Readonly<Record<string, BlockSummary>>,
): Comparison {
  const comparison = new Comparison();
  for (const [name, { mean, std, first8 }] of Object.entries(expected)) {
    const { shape } = network.layers[network.taps[name] ?? -1]!;
    comparison.add(summaryOf(channelsFirst(tap(name), { batch: BATCH, ...shape })), [mean, std, ...first8]);
  }
  return comparison;
}

interface Subject {
  readonly golden: Golden;
  readonly network: Network;
  readonly session: Session;
  readonly image: Float32Array;
}

/** Loss and its gradient with respect to the logits, in float64. */
function lossOf({ golden, network }: Subject, logits: Float32Array) {
  const labels = array(golden.labels);
  const options = { labelSmoothing: golden.label_smoothing, classWeights: null };
  const { value, gradients } = evaluateLoss({ logits: [BATCH, network.classes] }, { logits }, (inputs) =>
    crossEntropy(inputs.logits, labels, options),
  );
  return { loss: value, gradient: gradients.logits };
}

function evaluation(subject: Subject): Difference[] {
  const { golden, network, session, image } = subject;
  const step = session.forwardStep({ batch: BATCH, taps: Object.keys(golden.eval_blocks) });
  step.input.set(image);
  step.run();
  return [
    new Comparison().add(step.logits, golden.eval_logits.flat()).result('eval.logits', golden),
    compareBlocks(network, (name) => step.tap(name), golden.eval_blocks).result('eval.blocks', golden),
    new Comparison().add([lossOf(subject, step.logits).loss], [golden.eval_loss]).result('eval.loss', golden),
  ];
}

function compareStatistics(state: StateDict, golden: Golden): Comparison {
  const comparison = new Comparison();
  for (const [name, { mean, first16 }] of Object.entries(golden.bn_after_one_training_forward)) {
    const values = state.get(name) ?? new Float32Array();
    comparison.add([values.reduce((sum, x) => sum + x, 0) / values.length, ...values], [mean, ...first16]);
  }
  return comparison;
}

/** Relative differences of the norms of every parameter's gradient; negligible ones relative to the largest norm. */
function compareNorms(gradients: StateDict, expected: Readonly<Record<string, number>>): Comparison {
  const comparison = new Comparison();
  const largest = Math.max(...Object.values(expected));
  for (const [name, norm] of Object.entries(expected)) {
    const values = gradients.get(name) ?? Float32Array.of(NaN);
    const got = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
    const scale = norm > NEGLIGIBLE * largest ? norm : largest;
    comparison.add([got / scale], [norm / scale]);
  }
  return comparison;
}

function training(subject: Subject): Difference[] {
  const { golden, network, session, image } = subject;
  const step = session.trainStep({ batch: BATCH, taps: Object.keys(golden.train_blocks) });
  step.input.set(image);
  step.forward(0, 0);
  const { loss, gradient } = lossOf(subject, step.logits);
  const forward = [
    new Comparison().add(step.logits, golden.train_logits.flat()).result('train.logits', golden),
    compareBlocks(network, (name) => step.tap(name), golden.train_blocks).result('train.blocks', golden),
    new Comparison().add([loss], [golden.train_loss]).result('train.loss', golden),
    compareStatistics(session.read(), golden).result('train.bn', golden),
  ];
  step.logitsGradient.set(gradient);
  step.backward();
  const gradients = session.readGradients();
  const first = new Comparison();
  for (const [name, values] of Object.entries(golden.train_grad_first4)) first.add(gradients.get(name) ?? [], values);
  const norms = compareNorms(gradients, golden.train_grad_norm);
  return [
    ...forward,
    first.result('train.grad_first4', golden, JUMP.element),
    norms.result('train.grad_norm_relative', golden, JUMP.norm),
  ];
}

/**
 * Runs a network with hash-made weights on a hash-made batch, in evaluation and through one training step.
 *
 * @param engine - the engine
 * @param name - the model
 * @param golden - PyTorch's numbers
 * @returns the largest difference of every quantity
 */
export function parity(engine: Engine, name: ModelName, golden: Golden): Difference[] {
  const { side, gain, eval_logits: logits } = golden;
  const shape = { height: side, width: side, channels: 3 };
  const network = undropped(models[name].build(shape, logits[0]?.length ?? 0));
  const session = engine.session(network, { optimizer: OPTIMIZER, threads: 2 });
  try {
    session.write(hashedState(network, gain));
    const image = channelsLast(hashed('input', BATCH * 3 * side * side), { batch: BATCH, ...shape });
    const subject = { golden, network, session, image };
    return [...evaluation(subject), ...training(subject)];
  } finally {
    session.dispose();
  }
}
