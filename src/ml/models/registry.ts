import { convnetModel } from './convnet.ts';
import type { Model } from './model.ts';
import { resnetCifarModel } from './resnet-cifar.ts';

/** All models by their YAML names. */
export const models = {
  convnet4: convnetModel(4),
  convnet8: convnetModel(8),
  convnet16: convnetModel(16),
  convnet32: convnetModel(32),
  resnet8: resnetCifarModel(8),
  resnet14: resnetCifarModel(14),
  resnet20: resnetCifarModel(20),
  resnet32: resnetCifarModel(32),
  resnet44: resnetCifarModel(44),
  resnet56: resnetCifarModel(56),
} as const satisfies Readonly<Record<string, Model>>;

/** Name of a model. */
export type ModelName = keyof typeof models;
