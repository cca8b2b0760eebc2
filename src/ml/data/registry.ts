import type { DatasetSource } from './source.ts';
import { cifar10, cifar100 } from './sources/cifar.ts';
import { cub200 } from './sources/cub.ts';
import { idx } from './sources/idx.ts';
import { imageFolder } from './sources/image-folder.ts';
import { mnistDigits } from './sources/mnist-digits.ts';

/** Sources of the `dataset` stage by the name that a pipeline file uses. */
export const datasets = {
  'mnist-digits': mnistDigits,
  idx,
  'image-folder': imageFolder,
  'cub-200-2011': cub200,
  'cifar-10': cifar10,
  'cifar-100': cifar100,
} as const satisfies Record<string, DatasetSource>;
