import { convnetModel } from './convnet.ts';
import { efficientnetV2S } from './efficientnetv2.ts';
import { ghostnet } from './ghostnet.ts';
import { mobileHalf } from './mobile-half.ts';
import { mobilenetv2 } from './mobilenetv2.ts';
import type { Model } from './model.ts';
import { resnetModel } from './resnet.ts';
import { resnet50Cifar } from './resnet50-cifar.ts';
import { resnetCifarModel } from './resnet-cifar.ts';
import { shuffleV1 } from './shuffle-v1.ts';
import { shuffleV2 } from './shuffle-v2.ts';
import { shufflenetV2Model } from './shufflenetv2.ts';
import { vggModel } from './vgg.ts';
import { wideResnetModel } from './wide-resnet.ts';

/** All models by their YAML names. */
export const models = {
  convnet4: convnetModel(4),
  convnet8: convnetModel(8),
  convnet16: convnetModel(16),
  convnet32: convnetModel(32),
  resnet8: resnetCifarModel({ depth: 8 }),
  resnet14: resnetCifarModel({ depth: 14 }),
  resnet20: resnetCifarModel({ depth: 20 }),
  resnet32: resnetCifarModel({ depth: 32 }),
  resnet44: resnetCifarModel({ depth: 44 }),
  resnet56: resnetCifarModel({ depth: 56 }),
  resnet110: resnetCifarModel({ depth: 110 }),
  resnet8x4: resnetCifarModel({ depth: 8, wide: true }),
  resnet32x4: resnetCifarModel({ depth: 32, wide: true }),
  resnet38x4: resnetCifarModel({ depth: 38, wide: true }),
  resnet50_cifar: resnet50Cifar,
  wrn_16_2: wideResnetModel(16, 2),
  wrn_40_1: wideResnetModel(40, 1),
  wrn_40_2: wideResnetModel(40, 2),
  vgg8_bn: vggModel(8),
  vgg11_bn: vggModel(11),
  vgg13_bn: vggModel(13),
  mobile_half: mobileHalf,
  shuffle_v1: shuffleV1,
  shuffle_v2: shuffleV2,
  mobilenetv2,
  resnet18: resnetModel(18),
  resnet34: resnetModel(34),
  resnet50: resnetModel(50),
  ghostnet,
  shufflenet_v2_x0_5: shufflenetV2Model('x0_5'),
  shufflenet_v2_x1_0: shufflenetV2Model('x1_0'),
  efficientnet_v2_s: efficientnetV2S,
} as const satisfies Readonly<Record<string, Model>>;

/** Name of a model. */
export type ModelName = keyof typeof models;

/** Models by name. */
export type Models = Readonly<Record<string, Model>>;

/**
 * Finds a model.
 *
 * @param name - as anybody wrote it
 * @param added - models of plugins
 * @returns the model; undefined where none is called that
 */
export function modelNamed(name: string, added: Models = {}): Model | undefined {
  const all: Models = { ...models, ...added };
  return Object.hasOwn(all, name) ? all[name] : undefined;
}
