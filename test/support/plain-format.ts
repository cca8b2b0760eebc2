import type { InputFormat } from '../../src/ml/data/batches.ts';

/** Images of a side whose values are pixels scaled to [0, 1]. */
export const plainFormat = (imageSize: number): InputFormat => ({ imageSize, mean: [0, 0, 0], std: [1, 1, 1] });
