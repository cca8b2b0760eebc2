import { afterAll, describe, expect, it } from 'vitest';
import type { HalfPrecision } from '../../../../src/ml/engines/target.ts';
import { CompiledEngine } from '../../../../src/ml/engines/compiled-engine.ts';
import { models } from '../../../../src/ml/models/registry.ts';
import { initialState } from '../../../../src/ml/network/initial.ts';
import { signed } from '../../../support/hashed.ts';
import { missing } from '../../../support/pytorch.ts';
import { pytorchExecutor } from '../../../support/pytorch-executor.ts';

const lacking = missing('torch');
const BATCH = 8;

/** The engine on a device that multiplies in a format, whatever this one does by itself. */
function halfEngine(half: HalfPrecision): CompiledEngine | undefined {
  return lacking === undefined ? new CompiledEngine(pytorchExecutor({ half })) : undefined;
}

const bfloat16 = halfEngine('bfloat16');
const float16 = halfEngine('float16');
afterAll(() => Promise.all([bfloat16?.dispose(), float16?.dispose()]));

interface Case {
  readonly amp: boolean;
  /** What the gradients of logits are multiplied by. */
  readonly scale?: number;
  /** Updates before the step that counts. */
  readonly updates?: number;
}

/** Logits of a training step, and its gradients. */
function stepOf(
  engine: CompiledEngine,
  model: 'resnet20' | 'mobilenetv2' | 'ghostnet',
  { amp, scale = 1, updates = 0 }: Case,
) {
  const network = models[model].build({ height: 32, width: 32, channels: 3 }, 10);
  const optimizer = { name: 'sgd', momentum: 0, nesterov: false } as const;
  const session = engine.session(network, { optimizer, amp });
  session.write(initialState(network, 0));
  const step = session.trainStep({ batch: BATCH, taps: [] });
  step.input.set(signed('pixels', step.input.length));
  const towards = signed('gradient', step.logitsGradient.length).map((x) => x * scale);
  for (let count = 0; count <= updates; count++) {
    step.forward(0, count);
    step.logitsGradient.set(towards);
    step.backward();
    if (count < updates) step.update({ learningRate: 1e-3, weightDecay: 0 });
  }
  const logits = step.logits.slice();
  const gradients = [...session.readGradients().values()];
  session.dispose();
  return { logits, gradients };
}

const norm = (values: Float32Array): number => Math.hypot(...values);

/** ‖got − wanted‖ ÷ ‖wanted‖. */
const distance = (got: Float32Array, wanted: Float32Array): number =>
  norm(got.map((x, i) => x - wanted[i]!)) / norm(wanted);

/** How far logits in half precision lie from those in float32. */
function logitsOff(engine: CompiledEngine, updates = 0): number {
  const [float32, half] = [false, true].map((amp) => stepOf(engine, 'resnet20', { amp, updates }).logits);
  return distance(half!, float32!);
}

describe.skipIf(!bfloat16)(`PyTorch${lacking === undefined ? '' : ` (SKIPPED: ${lacking})`}`, () => {
  it('rounds what products read to bfloat16: logits lie about as far from float32 as those of autocast', () => {
    const off = logitsOff(bfloat16!);
    // Autocast: 7.9e-3 with 64 images.
    expect(off).toBeGreaterThan(1e-3);
    expect(off).toBeLessThan(3e-2);
  });

  it('rounds to float16, which has three more bits', () => {
    const off = logitsOff(float16!);
    expect(off).toBeGreaterThan(1e-4);
    expect(off).toBeLessThan(4e-3);
  });

  it('says which format it has', () => {
    expect([bfloat16!.halfPrecision, float16!.halfPrecision]).toEqual(['bfloat16', 'float16']);
  });

  it('stays near float32 while it trains in float16', () => expect(logitsOff(float16!, 10)).toBeLessThan(3e-2));

  it('loses nothing of the smallest gradients in float16', () => {
    const scale = 2 ** -40;
    const [usual, tiny] = [1, scale].map((scale) => stepOf(float16!, 'resnet20', { amp: true, scale }).gradients);
    tiny!.forEach((values, i) =>
      expect(
        distance(
          values.map((x) => x / scale),
          usual![i]!,
        ),
      ).toBeLessThan(1e-6),
    );
  });

  it('does not overflow in float16 where gradients are huge', () => {
    const { gradients } = stepOf(float16!, 'resnet20', { amp: true, scale: 2 ** 60 });
    for (const values of gradients) expect(values.every(Number.isFinite)).toBe(true);
  });

  it.each(['mobilenetv2', 'ghostnet'] as const)('has gradients of %s in half precision', (model) => {
    for (const engine of [bfloat16!, float16!]) {
      const { gradients } = stepOf(engine, model, { amp: true });
      for (const values of gradients) expect(values.every(Number.isFinite)).toBe(true);
      expect(gradients.some((values) => values.some((x) => x !== 0))).toBe(true);
    }
  });
});
