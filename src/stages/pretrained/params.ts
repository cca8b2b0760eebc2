import type { ParamSchemas } from '../../params/param-schema.ts';
import { statisticsParam } from '../../params/shared-params.ts';

/** The word for the weights that the model's own authors published. */
export const IMAGENET = 'imagenet';

/** Parameters of published weights. */
export const pretrainedParams = {
  model: { type: 'string', 'x-registry': 'models', description: 'Architecture that the weights are of.' },
  from: {
    type: 'string',
    minLength: 1,
    description:
      'imagenet: the weights that its authors published; or a path (.safetensors, .pth), https://…, or hf:owner/repo[@revision][/file].',
    examples: [IMAGENET, 'weights/resnet50.pth', 'hf:timm/resnet18.a1_in1k'],
  },
  state: {
    enum: ['ema', 'model'],
    description:
      'Of a file that holds both: ema, the average of the weights (state_dict_ema, model_ema), or model, the weights that were trained. Unless given, the average where there is one, as in timm.',
  },
  mean_std: {
    anyOf: [{ type: 'string', enum: ['imagenet'] }, statisticsParam],
    description:
      'Normalisation that the weights want: of ImageNet, or [[mean r, g, b], [std r, g, b]] of pixels in [0, 1]. Unless given, that of the dataset they are run on; with from: imagenet, ImageNet’s.',
  },
  image_size: {
    type: 'integer',
    minimum: 8,
    maximum: 1024,
    'x-unit': 'pixels',
    description: 'Side of the images that the weights want. Unless given, the dataset’s.',
  },
  interpolation: {
    enum: ['bilinear', 'bicubic'],
    description: 'How the images that the weights want were resized. Unless given, as the dataset’s.',
  },
  crop: {
    type: 'number',
    exclusiveMinimum: 0,
    maximum: 1,
    description:
      'Side of the centre crop that the weights want, by the shorter side of the resized image: crop_pct in timm. Unless given, the dataset’s.',
  },
  file: { 'x-input': { kinds: ['fetch'], output: 'file' }, description: 'A fetched file, instead of from.' },
} as const satisfies ParamSchemas;

/** What the stage must have. */
export const pretrainedRequired = ['model'] as const;
