import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { BatchLoader, TrainBatch } from '../../../src/ml/data/batch-loader.ts';
import { networkFor } from '../../../src/ml/inference/trained-model.ts';
import { recipeProfiles } from '../../../src/params/recipe-profiles.ts';
import { hashedState, signed } from '../../support/hashed.ts';
import { paintedSet } from '../../support/painted-set.ts';
import { train, type Run } from '../../support/training-job.ts';

interface Trained {
  /** Mean of each epoch. */
  readonly losses: readonly number[];
  readonly state: Readonly<Record<string, { readonly norm: number; readonly first: readonly number[] }>>;
}
const torch = JSON.parse(readFileSync(new URL('../../fixtures/torch/recipes.json', import.meta.url), 'utf8')) as {
  readonly epochs: number;
  readonly steps: number;
  readonly batch: number;
  readonly side: number;
  readonly recipes: Readonly<Record<string, Trained>>;
};

const data = paintedSet({ train: 60, val: 3, side: torch.side });
const batches = Array.from({ length: torch.steps }, (_, number): TrainBatch => ({
  images: signed(`recipe.${number}`, torch.batch * torch.side ** 2 * 3),
  labels: Int32Array.from({ length: torch.batch }, (_, index) => (index * (number + 1)) % 3),
  indices: new Uint32Array(torch.batch),
  mixed: null,
}));
const loader: BatchLoader = {
  count: torch.steps,
  take: (_, number) => batches[number]!,
  close: () => Promise.resolve(),
};

const { batch_size: _, ...profile } = recipeProfiles.repdistiller;
/** The profile, of as many epochs as the reference, and with a decay that shows in so few. */
const base = { ...profile, epochs: torch.epochs, milestones: [2, 4], weight_decay: 5e-2 } as const;
const CHANGES: Readonly<Record<string, NonNullable<Run['recipe']>>> = {
  repdistiller: {},
  nesterov: { nesterov: true },
  'weights alone decayed': { weight_decay_groups: 'weights' },
  'cross entropy by a tenth': { ce_weight: 0.1 },
  'gradients clipped by norm': { grad_clip: 0.5 },
  'gradients clipped by value': { grad_clip: 0.05, grad_clip_mode: 'value' },
  'a moving average': { ema: true, ema_decay: 0.99 },
};

describe('fifty steps by a recipe', () => {
  it.each(Object.entries(torch.recipes))('end where PyTorch’s do: %s', async (name, expected) => {
    const initial = hashedState(networkFor('convnet4', data.manifest));
    const recipe = { ...base, ...CHANGES[name] };
    const result = await train({ data, recipe, change: { loader, initial } });
    result!.history.forEach(({ train_loss: loss }, epoch) => expect(loss / expected.losses[epoch]!).toBeCloseTo(1, 4));
    for (const [tensor, { norm, first }] of Object.entries(expected.state)) {
      const values = result!.state.get(tensor)!;
      const scale = norm / Math.sqrt(values.length);
      expect(Math.hypot(...values) / norm).toBeCloseTo(1, 4);
      first.forEach((value, at) => expect((values[at]! - value) / scale).toBeCloseTo(0, 3));
    }
  });
});
