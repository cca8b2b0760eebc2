import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adapterRate, learningRate, type LearningRatePlan } from '../../../src/ml/optim/schedule.ts';
import { warmupEpochs } from '../../../src/params/shared-rules.ts';

const plan: LearningRatePlan = {
  epochs: 10,
  lr: 1e-3,
  warmup: true,
  warmupRatio: 0,
  warmupLr: 1e-6,
  schedule: 'cosine',
  minLr: 1e-6,
  stepSize: 30,
  stepGamma: 0.1,
  tMax: 10,
};

interface Rates {
  readonly stepped: readonly number[];
}
const torch = JSON.parse(readFileSync(new URL('../../fixtures/torch/schedules.json', import.meta.url), 'utf8')) as {
  readonly rate: number;
  readonly wave: Rates & { readonly T_max: number; readonly eta_min: number; readonly closed: readonly number[] };
  readonly late: { readonly warmup: number; readonly student: readonly number[]; readonly adapter: readonly number[] };
  readonly step: Rates & { readonly step_size: number; readonly gamma: number };
};
const rates = (change: Partial<LearningRatePlan>): readonly number[] => {
  const changed = { ...plan, ...change };
  return Array.from({ length: changed.epochs }, (_, epoch) => learningRate(changed, epoch));
};

describe('learning rate', () => {
  it('is that of a longer schedule in the epochs of a part of it', () => {
    const part = rates({ epochs: 4, scheduleEpochs: 10, warmupRatio: 0.2 });
    expect(part).toEqual(rates({ warmupRatio: 0.2 }).slice(0, 4));
    expect(part).not.toEqual(rates({ epochs: 4, warmupRatio: 0.2 }));
  });

  it('falls along a cosine from the full rate', () => {
    // torch.optim.lr_scheduler.CosineAnnealingLR(T_max=10, eta_min=1e-6), closed form, by hand from cos(k · 18°).
    const cosines = [1, 0.9510565163, 0.8090169944, 0.5877852523, 0.3090169944, 0, -0.3090169944, -0.5877852523];
    const expected = [...cosines, -0.8090169944, -0.9510565163].map((cosine) => 1e-6 + 0.0004995 * (1 + cosine));
    rates({}).forEach((rate, epoch) => expect(rate).toBeCloseTo(expected[epoch]!, 12));
  });

  it('climbs linearly to the full rate at epoch W, then falls over the epochs left', () => {
    const warmed = rates({ epochs: 12, warmupRatio: 0.35 });
    const climb = [1e-6, 0.25075e-3, 0.5005e-3, 0.75025e-3, 1e-3];
    climb.forEach((rate, epoch) => expect(warmed[epoch]).toBeCloseTo(rate, 12));
    // Half-way down at epoch 4 + 8/2.
    expect(warmed[8]).toBeCloseTo((1e-3 + 1e-6) / 2, 12);
    expect(warmed[11]).toBeCloseTo(1e-6 + 0.0004995 * (1 - 0.9238795325), 12);
  });

  it('stays at the full rate where the schedule is constant', () => {
    const expected = [1e-6, 0.5005e-3, 1e-3, 1e-3];
    rates({ schedule: 'constant', epochs: 4, warmupRatio: 0.5 }).forEach((rate, epoch) =>
      expect(rate).toBeCloseTo(expected[epoch]!, 15),
    );
  });

  it('drops by a factor at milestones, which count the warm-up, as PyTorch’s MultiStepLR', () => {
    const dropped = rates({
      schedule: 'milestones',
      epochs: 8,
      lr: 1,
      warmup: false,
      milestones: [5, 2, 20],
      stepGamma: 0.5,
    });
    expect(dropped).toEqual([1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]);
    const warmed = rates({
      schedule: 'milestones',
      epochs: 8,
      lr: 1,
      warmupRatio: 0.25,
      milestones: [3],
      stepGamma: 0.5,
    });
    expect(warmed.slice(2)).toEqual([1, 0.5, 0.5, 0.5, 0.5, 0.5]);
  });

  it('drops by a factor every so many epochs, as PyTorch’s StepLR', () => {
    const { stepped, step_size: stepSize, gamma: stepGamma } = torch.step;
    const ours = rates({ schedule: 'step', lr: torch.rate, epochs: stepped.length, stepSize, stepGamma });
    ours.forEach((rate, epoch) => expect(rate / stepped[epoch]!).toBeCloseTo(1, 13));
  });

  it.each(['closed', 'stepped'] as const)('waves as PyTorch’s CosineAnnealingLR past its T_max: %s', (form) => {
    const { T_max: tMax, eta_min: minLr } = torch.wave;
    const wave = { schedule: 'cosine-restart-wave', lr: torch.rate, epochs: 45, tMax, minLr } as const;
    // Down for ten epochs, up for ten: lowest at 10 and 30, full again at 20 and 40.
    rates(wave).forEach((rate, epoch) => expect(rate / torch.wave[form][epoch]!).toBeCloseTo(1, 13));
  });

  it('steps and waves from the end of the warm-up on', () => {
    const warmed = { epochs: 50, warmupRatio: 0.1, warmupLr: 0 };
    const wave = rates({ ...warmed, schedule: 'cosine-restart-wave' });
    expect(wave.slice(0, 5)).toEqual([0, 1, 2, 3, 4].map((epoch) => (1e-3 * epoch) / 5));
    wave.slice(5).forEach((rate, epoch) => expect(rate / torch.wave.closed[epoch]!).toBeCloseTo(1, 13));
    const step = rates({ ...warmed, schedule: 'step', stepSize: 20, stepGamma: 0.5 });
    expect([step[5], step[24], step[25], step[44], step[45]]).toEqual([1e-3, 1e-3, 5e-4, 5e-4, 2.5e-4]);
  });

  it('is the full rate in a run of one epoch', () => {
    expect(rates({ epochs: 1, warmupRatio: 0.05 })).toEqual([1e-3]);
  });

  it('of adapters, as the original experiments gave it, is that of a group which its optimiser’s scheduler does not know', () => {
    const { student, adapter, warmup } = torch.late;
    const wave = { schedule: 'cosine-restart-wave', lr: torch.rate, epochs: student.length } as const;
    const warmed = { ...plan, ...wave, warmupRatio: warmup / student.length };
    student.forEach((rate, epoch) => expect(adapterRate(warmed, epoch, 'student') / rate).toBeCloseTo(1, 13));
    adapter.forEach((rate, epoch) => expect(adapterRate(warmed, epoch, 'original') / rate).toBeCloseTo(1, 13));
    // Other schedules than the wave do not lose it.
    expect(adapterRate({ ...warmed, schedule: 'cosine' }, 30, 'original')).toBe(
      learningRate({ ...warmed, schedule: 'cosine' }, 30),
    );
  });

  it('never leaves the span between the lowest and the full rate, and falls monotonically after the warm-up', () => {
    const plans = fc.record({
      epochs: fc.integer({ min: 1, max: 300 }),
      warmupRatio: fc.double({ min: 0, max: 0.99, noNaN: true }),
    });
    fc.assert(
      fc.property(plans, (drawn) => {
        const all = rates(drawn);
        const peak = warmupEpochs(drawn.epochs, drawn.warmupRatio);
        expect(Math.min(...all)).toBeGreaterThanOrEqual(1e-6);
        expect(all[peak]).toBe(1e-3);
        for (let e = 1; e < all.length; e++) expect(all[e]! > all[e - 1]!).toBe(e <= peak);
      }),
      { seed: 2 },
    );
  });
});

describe('warm-up', () => {
  it('takes floor(ratio · epochs) epochs', () => {
    expect(warmupEpochs(150, 0.05)).toBe(7);
    expect(warmupEpochs(19, 0.05)).toBe(0);
    expect(warmupEpochs(20, 0.05)).toBe(1);
    expect(warmupEpochs(10, 0)).toBe(0);
  });

  it('takes whole products whole, though binary fractions fall short of them', () => {
    expect(0.29 * 100).toBeLessThan(29);
    expect(warmupEpochs(100, 0.29)).toBe(29);
  });
});
