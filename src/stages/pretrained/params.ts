import type { ParamSchemas } from '../../params/param-schema.ts';

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
  file: { 'x-input': { kinds: ['fetch'], output: 'file' }, description: 'A fetched file, instead of from.' },
} as const satisfies ParamSchemas;

/** What the stage must have. */
export const pretrainedRequired = ['model'] as const;
