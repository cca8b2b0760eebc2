import { existsSync, readdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/core/failure.ts';
import { FailureError } from '../../../src/core/failure.ts';
import type { OptimizerSpec, Session } from '../../../src/ml/engines/engine.ts';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import { CompiledEngine } from '../../../src/ml/engines/compiled-engine.ts';
import { WasmExecutor } from '../../../src/ml/engines/wasm/executor.ts';
import { models } from '../../../src/ml/models/registry.ts';
import type { StateDict } from '../../../src/ml/network/network.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import { assortedNetwork } from '../../support/assorted-network.ts';
import { hashedState, signed } from '../../support/hashed.ts';
import { crossEntropy } from '../../support/softmax.ts';

const ADAMW: OptimizerSpec = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 };
const SGD: OptimizerSpec = { name: 'sgd', momentum: 0.9, nesterov: false };
const LABELS = [0, 1, 2, 3, 0];
const network = assortedNetwork();
const wasm = await createEngine('wasm', { threads: 3 });

afterAll(() => wasm.dispose());

function open(options: { optimizer?: OptimizerSpec; threads?: number } = {}): Session {
  const session = wasm.session(network, { optimizer: ADAMW, threads: 1, ...options });
  session.write(hashedState(network));
  return session;
}

function train(session: Session, from: number, to: number): void {
  const step = session.trainStep({ batch: LABELS.length, taps: ['block2'] });
  for (let index = from; index < to; index++) {
    step.input.set(signed(`pixels ${index}`, step.input.length, 2));
    step.forward(42, index);
    step.logitsGradient.set(crossEntropy(step.logits, LABELS).gradient);
    step
      .tapGradient('block2')
      .fill(0)
      .fill(0.5, index, index + 1);
    step.backward();
    step.update({ learningRate: 0.01, weightDecay: 0.05 });
  }
}

const bytesOf = (state: StateDict): Record<string, string> =>
  Object.fromEntries([...state].map(([name, values]) => [name, Buffer.from(values.buffer).toString('hex')]));

function failureOf(action: () => unknown): Failure {
  try {
    action();
  } catch (error) {
    if (error instanceof FailureError && error.failures[0]) return error.failures[0];
    throw error;
  }
  throw new Error('nothing failed');
}

describe('a session', () => {
  it('gives out what was written in, bit for bit', () => {
    const session = open();
    expect(bytesOf(session.read())).toEqual(bytesOf(hashedState(network)));
    expect([...session.read().keys()]).toEqual(network.parameters.map((spec) => spec.name));
    session.dispose();
  });

  it('computes the same bits with 1, 2 and 3 threads, and again', () => {
    const results = [1, 2, 3, 2].map((threads) => {
      const session = open({ threads });
      train(session, 0, 6);
      const bytes = { ...bytesOf(session.read()), ...bytesOf(session.readOptimizer().slots) };
      session.dispose();
      return bytes;
    });
    for (const result of results.slice(1)) expect(result).toEqual(results[0]);
  });

  it.each([ADAMW, SGD])('of $name goes on after a restore as if it had not stopped', (optimizer) => {
    const whole = open({ optimizer });
    train(whole, 0, 5);
    const first = open({ optimizer });
    train(first, 0, 2);
    const [state, progress] = [first.read(), first.readOptimizer()];
    first.dispose();
    const second = wasm.session(network, { optimizer, threads: 2 });
    second.write(state);
    second.writeOptimizer(progress);
    train(second, 2, 5);
    expect(progress.updates).toBe(2);
    expect(bytesOf(second.read())).toEqual(bytesOf(whole.read()));
    expect(bytesOf(second.readOptimizer().slots)).toEqual(bytesOf(whole.readOptimizer().slots));
    expect(second.readOptimizer().updates).toBe(5);
    whole.dispose();
    second.dispose();
  });

  it('draws dropout from seed and step alone', () => {
    const session = open();
    const step = session.trainStep({ batch: 5, taps: [] });
    step.input.set(signed('pixels', step.input.length));
    const logits = (seed: number, index: number): number[] => {
      step.forward(seed, index);
      return [...step.logits];
    };
    const first = logits(1, 1);
    expect(logits(1, 1)).toEqual(first);
    expect(logits(1, 2)).not.toEqual(first);
    expect(logits(2, 1)).not.toEqual(first);
    session.dispose();
  });

  it('evaluates with the running statistics that training has moved', () => {
    const session = open();
    const forward = session.forwardStep({ batch: 5, taps: [] });
    const evaluate = (): number[] => {
      forward.input.set(signed('pixels', forward.input.length));
      forward.run();
      return [...forward.logits];
    };
    const before = evaluate();
    expect(evaluate()).toEqual(before);
    session.trainStep({ batch: 5, taps: [] }).forward(0, 0);
    expect(evaluate()).not.toEqual(before);
    session.dispose();
  });

  it('gives the same rows whatever the batch they stand in', () => {
    const session = open();
    const rows = (batch: number): number[] => {
      const forward = session.forwardStep({ batch, taps: [] });
      forward.input.set(signed('pixels', 8 * 13 * 11 * 3).subarray(0, forward.input.length));
      forward.run();
      return [...forward.logits.subarray(0, 7)];
    };
    expect(rows(1)).toEqual(rows(8));
    session.dispose();
  });

  it('leaves gradients as they were written, and has those of logits under two names', () => {
    const session = open();
    const step = session.trainStep({ batch: 5, taps: ['block1'] });
    step.tapGradient('block1').fill(3);
    step.forward(0, 0);
    expect(Math.min(...step.tapGradient('block1'))).toBe(3);
    expect(step.tapGradient('logits')).toBe(step.logitsGradient);
    session.dispose();
  });

  it('compiles a step once a batch and set of taps', () => {
    const session = open();
    const step = session.trainStep({ batch: 5, taps: ['block1', 'block2'] });
    expect(session.trainStep({ batch: 5, taps: ['block2', 'block1'] })).toBe(step);
    expect(session.trainStep({ batch: 5, taps: ['block2'] })).not.toBe(step);
    expect(() => step.tap('pooled')).toThrow('not compiled for tap:pooled');
    session.dispose();
  });

  it('refuses backward after another step’s forward pass, as they share memory', () => {
    const session = open();
    const [large, small] = [5, 2].map((batch) => session.trainStep({ batch, taps: [] }));
    large!.forward(0, 0);
    small!.forward(0, 0);
    expect(() => large!.backward()).toThrow('backward without a forward pass of the same step');
    session.dispose();
  });

  it('that is frozen has no gradients', () => {
    const session = wasm.session(network, { optimizer: null, threads: 1 });
    expect(() => session.trainStep({ batch: 1, taps: [] })).toThrow('frozen');
    expect(() => session.readGradients()).toThrow('frozen');
    session.dispose();
  });

  it('says which weights do not fit and what was expected', () => {
    const session = open();
    const state = new Map(hashedState(network));
    state.set('left.weight', new Float32Array(3));
    expect(failureOf(() => session.write(state))).toMatchObject({
      code: 'weights-mismatch',
      message: 'assorted got 3 values for left.weight',
      expected: '495 values, shape 11×5×3×3',
    });
    state.delete('left.weight');
    expect(failureOf(() => session.write(state)).message).toBe('assorted got no values for left.weight');
    session.dispose();
  });
});

describe('the wasm engine’s memory', () => {
  it('comes back when sessions are disposed of', async () => {
    const executor = new WasmExecutor({ threads: 2, memory: 2 ** 27 });
    const engine = new CompiledEngine(executor);
    const before = executor.used();
    for (let round = 0; round < 3; round++) {
      const session = engine.session(network, { optimizer: ADAMW, threads: 2 });
      session.write(initialState(network, round));
      train(session, 0, 1);
      session.forwardStep({ batch: 2, taps: [] }).run();
      expect(executor.used()).toBeGreaterThan(before);
      session.dispose();
      expect(executor.used()).toBe(before);
    }
    await engine.dispose();
  });

  it('is shared by a session’s steps, the largest first', () => {
    const executor = new WasmExecutor({ threads: 1, memory: 2 ** 27 });
    const session = new CompiledEngine(executor).session(network, { optimizer: ADAMW, threads: 1 });
    session.trainStep({ batch: 32, taps: [] });
    const used = executor.used();
    session.trainStep({ batch: 7, taps: [] });
    session.forwardStep({ batch: 32, taps: [] });
    expect(executor.used() - used).toBeLessThan(30_000);
    session.dispose();
  });

  it('is too small for a batch only with a word on the largest that fits', async () => {
    const engine = await createEngine('wasm', { threads: 1, memory: 2 ** 25 });
    const big = models.resnet20.build({ height: 32, width: 32, channels: 3 }, 10);
    const session = engine.session(big, { optimizer: ADAMW, threads: 1 });
    const failure = failureOf(() => session.trainStep({ batch: 512, taps: [] }));
    expect(failure).toMatchObject({ code: 'does-not-fit' });
    expect(failure.message).toMatch(/^a training step of resnet20 with batch 512 needs \d+ MiB$/);
    const largest = Number(/^batch_size: (\d+)$/.exec(failure.fix ?? '')?.[1]);
    expect(failureOf(() => session.trainStep({ batch: largest + 1, taps: [] })).code).toBe('does-not-fit');
    expect(session.trainStep({ batch: largest, taps: [] }).batch).toBe(largest);
    session.dispose();
    await engine.dispose();
  });

  it.runIf(existsSync('/proc/self/task'))('keeps no thread alive after dispose', async () => {
    const round = async (): Promise<number> => {
      const engine = await createEngine('wasm', { threads: 3 });
      const session = engine.session(network, { optimizer: null, threads: 3 });
      session.forwardStep({ batch: 1, taps: [] }).run();
      const working = readdirSync('/proc/self/task').length;
      session.dispose();
      await engine.dispose();
      expect(readdirSync('/proc/self/task').length).toBeLessThanOrEqual(working - 2);
      return working;
    };
    expect(await round()).toBe(await round());
  });
});

describe('the plain SIMD build', () => {
  it('is taken when KDPIPE_WASM says so, and agrees to rounding', () => {
    const logits = [undefined, 'simd'].map((build) => {
      const executor = new WasmExecutor({ threads: 1, memory: 2 ** 26, build });
      expect(executor.description['kernels']).toBe(build === 'simd' ? 'plain' : 'relaxed');
      const session = new CompiledEngine(executor).session(network, { optimizer: null, threads: 1 });
      session.write(hashedState(network));
      const step = session.forwardStep({ batch: 2, taps: [] });
      step.input.set(signed('pixels', step.input.length));
      step.run();
      return [...step.logits];
    });
    logits[0]!.forEach((value, index) => expect(logits[1]![index]).toBeCloseTo(value, 4));
  });
});
