import type { ParamSchemas } from '../../params/param-schema.ts';
import { dataParam, trainedWeights } from '../../params/shared-params.ts';

/** Parameters of an export. */
export const exportParams = {
  of: trainedWeights('The network.'),
  data: { ...dataParam, description: 'The dataset whose images the check shows to both; noise by default.' },
  to: {
    type: 'array',
    items: { type: 'string', 'x-registry': 'exports' },
    minItems: 1,
    uniqueItems: true,
    default: ['onnx', 'safetensors', 'pytorch'],
    description: 'Forms in which it is written.',
  },
} as const satisfies ParamSchemas;

/** What an export must have. */
export const exportRequired = ['of'] as const;
