import type { TrainOptions } from '../../src/ml/data/train-batches.ts';

/** Training images as they are in validation: nothing is cut, mirrored, changed or mixed at random. */
export const unchanged = {
  ...{ crop: 'centre', cropPadding: 4, paddingMode: 'constant', flip: false },
  ...{ augment: 'none', randomErasing: 0, mixup: 'none', mixupAlpha: 1 },
} as const satisfies Omit<TrainOptions, 'batchSize' | 'seed'>;
