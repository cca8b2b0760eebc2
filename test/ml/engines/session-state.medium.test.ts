import { afterAll, describe, expect, it } from 'vitest';
import { FailureError, type Failure } from '../../../src/core/failure.ts';
import type { Engine, OptimizerSpec, Session, SessionOptions, StepOptions } from '../../../src/ml/engines/engine.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { CompiledEngine } from '../../../src/ml/engines/compiled-engine.ts';
import { WasmExecutor } from '../../../src/ml/engines/wasm/executor.ts';
import type { Network, StateDict } from '../../../src/ml/network/network.ts';
import { assortedNetwork, gatedNetwork } from '../../support/assorted-network.ts';
import { hashedState, signed } from '../../support/hashed.ts';

const OPTIMIZERS: readonly { optimizer: OptimizerSpec; slots: readonly string[] }[] = [
  { optimizer: { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 }, slots: ['exp_avg', 'exp_avg_sq'] },
  { optimizer: { name: 'sgd', momentum: 0.9, nesterov: true }, slots: ['momentum_buffer'] },
  {
    optimizer: { name: 'rmsprop', alpha: 0.9, eps: 1e-3, momentum: 0.9 },
    slots: ['square_avg', 'momentum_buffer'],
  },
];
const SGD: OptimizerSpec = { name: 'sgd', momentum: 0.9, nesterov: true };

const network = gatedNetwork();
const executor = new WasmExecutor({ threads: 2, memory: 2 ** 27 });
const wasm = new CompiledEngine(executor);
const reference = await createEngine('reference', { threads: 1 });

afterAll(() => wasm.dispose());

function open(engine: Engine = wasm, options: Partial<SessionOptions> & { network?: Network } = {}): Session {
  const made = options.network ?? network;
  const session = engine.session(made, { optimizer: SGD, threads: 2, ...options });
  session.write(hashedState(made));
  return session;
}

/** One whole step, and its logits. */
function train(session: Session, index: number, batch = 3): Float32Array {
  const step = session.trainStep({ batch, taps: [] });
  step.input.set(signed(`pixels ${index}`, step.input.length));
  step.forward(9, index);
  const logits = step.logits.slice();
  step.logitsGradient.set(signed(`gradient ${index}`, step.logitsGradient.length));
  step.backward();
  step.update({ learningRate: 0.01, weightDecay: 0.1 });
  return logits;
}

function evaluate(session: Session): Float32Array {
  const step = session.forwardStep({ batch: 3, taps: [] });
  step.input.set(signed('pixels', step.input.length));
  step.run();
  return step.logits.slice();
}

function failureOf(action: () => unknown): Failure | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof FailureError) return error.failures[0];
    throw error;
  }
  return undefined;
}

const trained = network.parameters.filter((spec) => spec.trained).map((spec) => spec.name);

describe.each(OPTIMIZERS)('the optimiser state of $optimizer.name', ({ optimizer, slots }) => {
  it('has PyTorch’s slots of every trained parameter, in its shape', () => {
    const session = open(wasm, { optimizer });
    const state = session.readOptimizer();
    expect(state.updates).toBe(0);
    const names = slots.flatMap((slot) => trained.map((name) => `${name}/${slot}`));
    expect([...state.slots.keys()].sort()).toEqual(names.sort());
    const weights = session.read();
    for (const [name, values] of state.slots) {
      expect(values.length, name).toBe(weights.get(name.split('/')[0]!)!.length);
      expect(Math.max(...values.map(Math.abs)), name).toBe(0);
    }
    session.dispose();
  });

  it('is given out as it was written in, count of updates and all', () => {
    const session = open(wasm, { optimizer });
    const written = new Map(
      [...session.readOptimizer().slots].map(([name, { length }]) => [name, signed(name, length)]),
    );
    session.writeOptimizer({ updates: 17, slots: written });
    expect(session.readOptimizer()).toEqual({ updates: 17, slots: written });
    session.dispose();
  });

  it('moves from engine to engine', () => {
    const first = open(wasm, { optimizer });
    train(first, 0);
    const second = reference.session(network, { optimizer, threads: 1 });
    second.write(first.read());
    second.writeOptimizer(first.readOptimizer());
    for (const session of [first, second]) train(session, 1);
    const expected = second.read();
    for (const [name, values] of first.read()) {
      const other = expected.get(name)!;
      const apart = values.reduce((sum, value, i) => sum + Math.abs(value - other[i]!), 0) / values.length;
      // One update of AdamW alone moves a weight by 0.01.
      expect(apart, name).toBeLessThan(2e-5);
    }
    expect(second.readOptimizer().updates).toBe(2);
    [first, second].forEach((session) => session.dispose());
  });

  it('is refused when a slot is missing or of another size', () => {
    const session = open(wasm, { optimizer });
    const good = new Map(session.readOptimizer().slots);
    const [name = ''] = good.keys();
    const write = (slots: StateDict) => () => session.writeOptimizer({ updates: 1, slots });
    expect(failureOf(write(new Map([...good].filter(([key]) => key !== name))))?.message).toBe(
      'gated got no values for stem.weight',
    );
    expect(failureOf(write(new Map([...good, [name, new Float32Array(2)]])))).toEqual({
      code: 'weights-mismatch',
      message: 'gated got 2 values for stem.weight',
      expected: '270 values, shape 10×3×3×3',
      fix: 'take weights of the same model with the same number of classes',
    });
    session.dispose();
  });
});

describe('memory that training and evaluation share', () => {
  it('leaves no trace of one in the other', () => {
    const [mixed, apart, frozen] = [open(), open(), open(wasm, { optimizer: null })];
    const steps = [0, 1].map((index) => {
      const logits = train(mixed, index);
      frozen.write(mixed.read());
      expect(evaluate(mixed)).toEqual(evaluate(frozen));
      return logits;
    });
    expect(steps).toEqual([0, 1].map((index) => train(apart, index)));
    expect([...mixed.read()]).toEqual([...apart.read()]);
    for (const session of [mixed, apart, frozen]) session.dispose();
  });
});

describe('what a session gives out', () => {
  it.each([wasm, reference])('is a copy: nobody can change $name’s weights by it', (engine) => {
    const session = open(engine);
    for (const values of session.read().values()) values.fill(NaN);
    expect(session.read()).toEqual(hashedState(network));
    session.dispose();
  });

  it('has the gradients of trained parameters only', () => {
    const session = open();
    train(session, 0);
    expect([...session.readGradients().keys()].sort()).toEqual([...trained].sort());
    session.dispose();
  });

  it('takes what it knows of a state with more names in it', () => {
    const session = open();
    session.write(new Map([...hashedState(network), ['other', new Float32Array(1)]]));
    expect([...session.read().keys()]).not.toContain('other');
    session.dispose();
  });
});

describe('two sessions of one engine', () => {
  it('train as if each were alone, step by step in turn', () => {
    const alone = (made: Network): { logits: Float32Array[]; state: StateDict } => {
      const session = open(wasm, { network: made });
      const logits = [0, 1, 2].map((index) => train(session, index));
      const state = session.read();
      session.dispose();
      return { logits, state };
    };
    const made = [gatedNetwork(), assortedNetwork()];
    const sessions = made.map((one) => open(wasm, { network: one }));
    const turns = [0, 1, 2].map((index) => sessions.map((session) => train(session, index)));
    made.forEach((one, which) => {
      const expected = alone(one);
      expect(turns.map((turn) => turn[which])).toEqual(expected.logits);
      expect(sessions[which]!.read()).toEqual(expected.state);
    });
    sessions.forEach((session) => session.dispose());
  });

  it('do not feel it when one of them goes, and its memory is used again', () => {
    const [gone, stays] = [open(), open()];
    const before = evaluate(stays);
    train(gone, 0);
    gone.dispose();
    const next = open(wasm, { network: assortedNetwork() });
    train(next, 0);
    expect(evaluate(stays)).toEqual(before);
    expect(stays.read()).toEqual(hashedState(network));
    [stays, next].forEach((session) => session.dispose());
  });
});

describe('the memory of a session', () => {
  /** Bytes that a session takes before it has a step. */
  const cost = (options: Partial<SessionOptions>): number => {
    const before = executor.used();
    const session = open(wasm, options);
    const taken = executor.used() - before;
    session.dispose();
    expect(executor.used()).toBe(before);
    return taken;
  };

  it('holds gradients and slots only where they are needed', () => {
    const frozen = cost({ optimizer: null });
    const [adamw, sgd, rmsprop] = OPTIMIZERS.map(({ optimizer }) => cost({ optimizer }));
    expect(rmsprop).toBe(adamw);
    // Gradient and first slot, each as large as the parameters; then the second.
    const parameters = adamw! - sgd!;
    expect(sgd! - frozen).toBeCloseTo(2 * parameters, -3);
    expect(parameters).toBeLessThan(frozen);
    expect(cost({ average: true })).toBeGreaterThan(sgd! + parameters);
  });

  it.each([
    { kind: 'an evaluation step', make: (session: Session, options: StepOptions) => session.forwardStep(options) },
    { kind: 'a training step', make: (session: Session, options: StepOptions) => session.trainStep(options) },
  ])('for $kind is wanted in the largest batch that fits and not one more', ({ kind, make }) => {
    const small = new CompiledEngine(new WasmExecutor({ threads: 1, memory: 6 * 2 ** 20 }));
    const wide = assortedNetwork();
    const attempt = (batch: number): Failure | undefined => {
      const session = small.session(wide, { optimizer: SGD, threads: 1 });
      const failure = failureOf(() => make(session, { batch, taps: ['block1'] }));
      session.dispose();
      return failure;
    };
    const failure = attempt(4096);
    expect(failure?.code).toBe('does-not-fit');
    expect(failure?.message).toMatch(new RegExp(`^${kind} of assorted with batch 4096 needs [\\d.]+ [MG]iB$`));
    const largest = Number(/^batch_size: (\d+)$/.exec(failure?.fix ?? '')?.[1]);
    expect(largest).toBeGreaterThan(1);
    expect(attempt(largest)).toBeUndefined();
    expect(attempt(largest + 1)?.fix).toBe(`batch_size: ${largest}`);
  });
});

describe('steps', () => {
  it('of evaluation are shared by batch, taps in any order, and weights or their average', () => {
    const session = open(wasm, { average: true });
    const step = session.forwardStep({ batch: 2, taps: ['joined', 'block1'] });
    const others: StepOptions[] = [
      { batch: 3, taps: ['joined', 'block1'] },
      { batch: 2, taps: ['joined'] },
      { batch: 2, taps: ['joined', 'block1'], average: true },
    ];
    expect(session.forwardStep({ batch: 2, taps: ['block1', 'joined'], average: false })).toBe(step);
    for (const options of others) expect(session.forwardStep(options)).not.toBe(step);
    session.dispose();
  });

  it('of training count their updates together, whatever their batches', () => {
    const session = open();
    [3, 2, 3].forEach((batch, index) => train(session, index, batch));
    expect(session.readOptimizer().updates).toBe(3);
    session.dispose();
  });

  it('of a frozen session do not train, and it has no optimiser state', () => {
    const session = open(wasm, { optimizer: null });
    const refusals = [
      () => session.trainStep({ batch: 1, taps: [] }),
      () => session.readOptimizer(),
      () => session.writeOptimizer({ updates: 0, slots: new Map() }),
      () => session.readGradients(),
    ];
    for (const refused of refusals) expect(refused).toThrow('the session of gated is frozen');
    session.dispose();
  });

  it('give the gradient of an input only where the network wants it', () => {
    const session = open();
    train(session, 0);
    expect(() => session.trainStep({ batch: 3, taps: [] }).inputGradient).toThrow('not compiled for input-gradient');
    session.dispose();
  });
});
