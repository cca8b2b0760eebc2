import type { ParamSchemas } from '../../params/param-schema.ts';
import { pretrainedParams } from '../pretrained/params.ts';

const output = { type: 'string', minLength: 1 } as const;

/** Parameters of a network from an ONNX model. */
export const onnxParams = {
  from: {
    type: 'string',
    minLength: 1,
    description: 'The model: a path (.onnx), https://…, or hf:owner/repo[@revision]/file.',
    examples: ['teachers/vit.onnx', 'hf:onnx-community/resnet-50-ONNX/onnx/model.onnx'],
  },
  file: pretrainedParams.file,
  logits: {
    ...output,
    description:
      'Name of the output that is the logits, [N, classes]. Unless given, the only one, or the one called logits.',
  },
  taps: {
    type: 'object',
    properties: {
      block1: output,
      block2: output,
      block3: output,
      block4: output,
      block5: output,
      pooled: output,
    },
    additionalProperties: false,
    default: {},
    description:
      'Names of outputs that methods on maps read, [N, C, H, W], as block1 … block5, and on pooled features, [N, C], as pooled.',
    examples: [{ block4: 'layer4_output', pooled: 'pool_output' }],
  },
  mean_std: {
    ...pretrainedParams.mean_std,
    description:
      'Normalisation that the model wants: of ImageNet, or [[mean r, g, b], [std r, g, b]] of pixels in [0, 1]; [[0, 0, 0], [1, 1, 1]] where it normalises by itself. Unless given, that of the dataset. Images come normalised as the dataset says, and are brought to it.',
  },
  image_size: pretrainedParams.image_size,
  interpolation: pretrainedParams.interpolation,
  crop: pretrainedParams.crop,
} as const satisfies ParamSchemas;
