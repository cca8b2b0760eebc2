import { describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/ml/engines/engine.ts';
import { BFLOAT16_LIMITS } from '../../../src/ml/engines/native/machine.ts';
import { ReferenceExecutor } from '../../../src/ml/engines/reference/executor.ts';
import { REFERENCE_TARGET } from '../../../src/ml/engines/reference/target.ts';
import { CompiledEngine } from '../../../src/ml/engines/compiled-engine.ts';
import { models } from '../../../src/ml/models/registry.ts';
import { initialState } from '../../../src/ml/network/initial.ts';
import { signed } from '../../support/hashed.ts';
import { nativeExecutor, nativeKernels } from '../../support/native.ts';

const SGD = { name: 'sgd', momentum: 0, nesterov: false } as const;
const network = models.resnet8.build({ height: 16, width: 16, channels: 3 }, 5);
const BATCH = 3;

/** Logits and gradients of a training step, the logits of an evaluation after it, and the parameters. */
function step(engine: Engine, amp: boolean, threads = 1) {
  const session = engine.session(network, { optimizer: SGD, amp, threads });
  session.write(initialState(network, 1));
  const training = session.trainStep({ batch: BATCH, taps: [] });
  training.input.set(signed('pixels', training.input.length));
  training.forward(1, 0);
  const logits = [...training.logits];
  training.logitsGradient.set(signed('gradient', training.logitsGradient.length));
  training.backward();
  const gradients = [...session.readGradients().values()].flatMap((values) => [...values]);
  const evaluation = session.forwardStep({ batch: BATCH, taps: [] });
  evaluation.input.set(training.input);
  session.write(initialState(network, 1));
  evaluation.run();
  const evaluated = [...evaluation.logits];
  session.dispose();
  return { logits, gradients, evaluated };
}

const norm = (values: readonly number[]): number => Math.hypot(...values);
const distance = (a: readonly number[], b: readonly number[]): number =>
  norm(a.map((value, i) => value - (b[i] ?? NaN))) / norm(b);

/** Relative distances: of gradients more, as ReLUs whose input is near 0 change sides. */
const MOST = { logits: 0.05, gradients: 0.3 };

/** All products that Winograd's algorithm does not take, however small. */
const all = { ...BFLOAT16_LIMITS, leastProducts: 0, leastFilterProducts: 0 };
const half = (): Engine => new CompiledEngine(new ReferenceExecutor({ ...REFERENCE_TARGET, bfloat16: all }));
const plain = (): Engine => new CompiledEngine(new ReferenceExecutor());

describe('an engine with half precision', () => {
  const [mixed, float32] = [step(half(), true), step(half(), false)];

  it('says so', () => {
    expect([half().halfPrecision, plain().halfPrecision]).toEqual(['bfloat16', null]);
  });

  it('rounds what training multiplies where it is asked for it', () => {
    for (const of of ['logits', 'gradients'] as const) {
      expect(distance(mixed[of], float32[of]), of).toBeGreaterThan(1e-4);
      expect(distance(mixed[of], float32[of]), of).toBeLessThan(MOST[of]);
    }
  });

  it('evaluates in float32 all the same', () => {
    expect(mixed.evaluated).toEqual(float32.evaluated);
  });

  it('is another one only where it is asked for it', () => {
    expect(step(plain(), true)).toEqual(step(plain(), false));
    expect(float32).toEqual(step(plain(), false));
  });
});

const [best] = nativeKernels();
const native = best === undefined ? null : nativeExecutor({ threads: 4, kernels: best });
const hasHalf = native?.target.bfloat16 ? true : false;

describe.skipIf(!hasHalf)(
  `${hasHalf ? '' : 'SKIPPED, as this processor has no AVX-512 BF16: '}native code in half precision`,
  () => {
    const engine = new CompiledEngine(native!);

    it('has the same bits on any number of threads', () => {
      const alone = step(engine, true, 1);
      for (const threads of [2, 4]) expect(step(engine, true, threads)).toEqual(alone);
      expect(alone.logits).not.toEqual(step(engine, false).logits);
    });

    it('is as near to float32 as rounding is, and evaluates in float32', () => {
      const [mixed, float32] = [step(engine, true), step(engine, false)];
      expect(distance(mixed.logits, float32.logits)).toBeLessThan(MOST.logits);
      expect(distance(mixed.gradients, float32.gradients)).toBeLessThan(MOST.gradients);
      expect(mixed.evaluated).toEqual(float32.evaluated);
    });
  },
);
