import type { DatasetSource } from './source.ts';
import { idx } from './sources/idx.ts';
import { imageFolder } from './sources/image-folder.ts';
import { mnistDigits } from './sources/mnist-digits.ts';

/** Sources of the `dataset` stage by the name that a pipeline file uses. */
export const datasets = {
  'mnist-digits': mnistDigits,
  idx,
  'image-folder': imageFolder,
} as const satisfies Record<string, DatasetSource>;
