import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lowerInference, lowerTraining } from '../../../src/ml/engines/lower/lower.ts';
import { planBuffers } from '../../../src/ml/engines/plan.ts';
import { bytes, type Operation } from '../../../src/ml/engines/program.ts';
import { models } from '../../../src/ml/models/registry.ts';
import { KERNEL_TARGET } from '../../../src/ml/engines/kernels/target.ts';

const use = (buffers: readonly number[]): Operation => {
  const [y = 0, ...rest] = buffers.map((buffer) => ({ space: 'step' as const, buffer }));
  const ref = typeof y === 'number' ? { space: 'parameter' as const, offset: 0 } : y;
  return {
    primitive: 'add',
    operands: { y: ref, a: rest[0] ?? ref, b: rest[1] ?? ref },
    numbers: { count: 1, activation: 0 },
  };
};

describe('planBuffers', () => {
  it('never lets two buffers overlap that are in use at the same time', () => {
    const programs = fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 12 }),
      steps: fc.array(fc.array(fc.nat(11), { maxLength: 3 }), { maxLength: 20 }),
      pinned: fc.uniqueArray(fc.nat(11), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(programs, ({ sizes, steps, pinned }) => {
        const known = steps.map((step) => step.filter((buffer) => buffer < sizes.length));
        const held = new Set(pinned.filter((buffer) => buffer < sizes.length));
        const { offsets, floats } = planBuffers(sizes, known.map(use), held, KERNEL_TARGET.line);
        const alive = (buffer: number, at: number): boolean =>
          held.has(buffer) ||
          (known.slice(0, at + 1).some((step) => step.includes(buffer)) &&
            known.slice(at).some((step) => step.includes(buffer)));
        known.forEach((_, at) => {
          const live = sizes.map((_, buffer) => buffer).filter((buffer) => alive(buffer, at));
          for (const a of live) {
            expect(offsets[a]! + sizes[a]!).toBeLessThanOrEqual(floats);
            for (const b of live)
              if (a !== b && offsets[a]! <= offsets[b]!)
                expect(offsets[a]! + sizes[a]!).toBeLessThanOrEqual(offsets[b]!);
          }
        });
      }),
    );
  });

  it('uses a place again when its buffer is done', () => {
    const { offsets, floats } = planBuffers([160, 160, 160], [use([0, 1]), use([1, 2])], new Set(), KERNEL_TARGET.line);
    expect(offsets[2]).toBe(offsets[0]);
    expect(floats).toBe(320);
  });

  it('starts buffers at cache lines', () => {
    const { offsets } = planBuffers([3, 5, 7], [use([0, 1, 2])], new Set(), KERNEL_TARGET.line);
    expect(offsets.toSorted((a, b) => a - b)).toEqual([0, 16, 32]);
  });
});

describe('a step’s memory', () => {
  const network = models.resnet20.build({ height: 32, width: 32, channels: 3 }, 10);
  const adamw = { name: 'adamw', beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
  const map = 32 * 32 * 16 * 4;

  it('holds in training, of each layer, the convolution’s output and the activation, and little else', () => {
    const maps = 7 * 2 * map + 7 * 2 * (map / 2) + 7 * 2 * (map / 4);
    const perImage =
      bytes(lowerTraining(network, { target: KERNEL_TARGET, batch: 64, taps: [] }, adamw), KERNEL_TARGET) / 64;
    expect(perImage).toBeGreaterThan(maps);
    expect(perImage).toBeLessThan(maps + map);
  });

  it('holds in evaluation the few maps that are alive at once', () => {
    const perImage = bytes(lowerInference(network, { target: KERNEL_TARGET, batch: 64, taps: [] }), KERNEL_TARGET) / 64;
    expect(perImage).toBeLessThan(3.6 * map);
  });
});
