import { NetworkBuilder } from '../../network/builder.ts';
import { initialState } from '../../network/initial.ts';
import type { ActivationLayer, Network, StateDict } from '../../network/network.ts';
import type { Engine, OptimizerSpec, Session, SessionOptions } from '../engine.ts';
import type { Executor } from '../executor.ts';
import { CompiledEngine } from '../compiled-engine.ts';
import { runArrays } from './sample-arrays.ts';

/** Bytes that the training takes at most. */
export const SAMPLE_MEMORY = 2 ** 26;
const BATCH = 4;
const STEPS = 3;
const CLASSES = 10;
const OPTIMIZERS: readonly OptimizerSpec[] = [
  { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 },
  { name: 'sgd', momentum: 0.9, nesterov: true },
  { name: 'rmsprop', alpha: 0.9, eps: 1e-3, momentum: 0.9 },
];

/** Values in ±1 that repeat after 101, a prime. */
const wave = (values: Float32Array): void => values.forEach((_, i) => (values[i] = (((i * 37) % 101) - 50) / 50));

/**
 * A small network of what all models are made of: convolutions of every kind, pools, gates, joins, sums and dropout.
 *
 * @returns the network
 */
export function sampleNetwork(): Network {
  const net = new NetworkBuilder('sample', { height: 14, width: 14, channels: 3 });
  const ended = (name: string, from: number, fn: ActivationLayer['function']): number =>
    net.activation(`${name}.act`, net.batchNorm(`${name}.bn`, from), fn);
  let x = ended('stem', net.conv('stem', net.image, { channels: 16, kernel: 3 }), 'relu');
  x = ended('three', net.conv('three', x, { channels: 16, kernel: 3, bias: true }), 'relu');
  x = net.pool('max', x, 'max', { kernel: 3, stride: 2, padding: 1 });
  let y = ended('thin', net.conv('thin', x, { channels: 40, kernel: 1 }), 'relu');
  y = ended('wide', net.conv('wide', y, { channels: 48, kernel: 1 }), 'relu6');
  y = ended('depthwise', net.conv('depthwise', y, { channels: 48, kernel: 5, groups: 48 }), 'silu');
  const squeezed = net.conv('squeeze', net.globalAveragePool('mean', y), { channels: 8, kernel: 1, bias: true });
  const excited = net.conv('excite', net.activation('squeeze.act', squeezed), { channels: 48, kernel: 1 });
  y = net.multiply('gate', y, net.activation('excite.act', excited, 'sigmoid'));
  y = net.stochasticDepth('depth', net.conv('narrow', y, { channels: 16, kernel: 1 }), 0.5);
  y = net.activation('sum.act', net.add('sum', x, y));
  const groups = ended('groups', net.conv('groups', y, { channels: 16, kernel: 3, groups: 4 }), 'hard-sigmoid');
  const joined = net.tap('joined', net.concat('join', [groups, y]));
  const [first, second] = [0, 16].map((start) => net.slice(`from ${start}`, joined, { start, channels: 16 })) as [
    number,
    number,
  ];
  y = net.pool('average', net.concat('swap', [second, first]), 'average', { kernel: 2 });
  y = ended('last', net.conv('last', y, { channels: 24, kernel: 3, stride: 2 }), 'relu');
  return net.classifier(y, { name: 'head', classes: CLASSES, dropout: 0.2 });
}

function takeSteps(session: Session): StateDict {
  const { network } = session;
  session.write(initialState(network, 1));
  const step = session.trainStep({ batch: BATCH, taps: ['joined'] });
  for (let at = 0; at < STEPS; at++) {
    wave(step.input);
    step.forward(1, at);
    wave(step.logitsGradient);
    step.backward();
    step.update({ learningRate: 0.01, weightDecay: 0.1, averageDecay: 0.9 });
  }
  const forward = session.forwardStep({ batch: BATCH, taps: [] });
  wave(forward.input);
  forward.run();
  return new Map([...session.read(), ['logits', forward.logits.slice()]]);
}

/** Trains a small network for a few steps; gives all values that come of it, by name. */
function trainSample(engine: Engine, options: SessionOptions): StateDict {
  const session = engine.session(sampleNetwork(), { average: true, ...options });
  const state = takeSteps(session);
  session.dispose();
  return state;
}

/**
 * Trains a small network for a few steps with each optimiser, and runs what a network has no use for: every primitive.
 *
 * @param engine - what computes
 * @param options - threads, half precision
 * @returns all values that come of it, by optimiser and name
 */
export function runEverything(engine: CompiledEngine, options: Partial<SessionOptions>): StateDict {
  const states = OPTIMIZERS.map((optimizer) => {
    const state = trainSample(engine, { ...options, optimizer });
    return [...state].map(([name, values]) => [`${optimizer.name} ${name}`, values] as const);
  });
  return new Map([...states.flat(), ...runArrays(engine.executor, options.threads ?? 1, wave)]);
}

/**
 * Runs every primitive.
 *
 * @param executor - what computes; disposed of at the end
 * @param threads - how many work on it
 * @param amp - whether in half precision
 * @returns as {@link runEverything}
 */
export async function trainABit(executor: Executor, threads: number, amp = false): Promise<StateDict> {
  const engine = new CompiledEngine(executor);
  try {
    return runEverything(engine, { threads, amp });
  } finally {
    await engine.dispose();
  }
}

const bitsOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/**
 * Compares two states.
 *
 * @param one - some values
 * @param other - as many under the same names
 * @returns whether all are finite and equal to the last bit
 */
export function sameStates(one: StateDict, other: StateDict): boolean {
  if (one.size !== other.size) return false;
  return [...one].every(([name, values]) => {
    const others = other.get(name);
    return (
      others !== undefined && values.every(Number.isFinite) && Buffer.compare(bitsOf(values), bitsOf(others)) === 0
    );
  });
}

/** Values that need not be near: these rules make whole steps of gradients that are zero but for rounding. */
const ROUNDED = /^(?:adamw|rmsprop) /;

/** Largest distance of two arrays, as a share of their length; and of those that are zero but for rounding, a value. */
const NEAR = { relative: 1e-3, absolute: 1e-5 };

const lengthOf = (values: Float32Array): number => Math.hypot(...values);

/**
 * Compares what {@link runEverything} gives with engines that round in ways of their own.
 *
 * @param one - some values
 * @param other - as many under the same names
 * @returns whether all are finite, and nearly equal where rounding is not what counts
 */
export function nearStates(one: StateDict, other: StateDict): boolean {
  if (one.size !== other.size) return false;
  return [...one].every(([name, values]) => {
    const others = other.get(name);
    if (others?.length !== values.length || !values.every(Number.isFinite)) return false;
    if (ROUNDED.test(name)) return true;
    const distance = lengthOf(values.map((value, at) => value - (others[at] ?? NaN)));
    return distance <= NEAR.relative * lengthOf(others) + NEAR.absolute * Math.sqrt(values.length);
  });
}
