import type { ParamSchema } from './param-schema.ts';

/** Kinds whose `weights` output holds a trained network. */
export const TRAINED = { kinds: ['train-teacher', 'distill-student', 'pretrained'], output: 'weights' } as const;

/** Reference to a trained network; with `or-one` to several, too. */
export const trainedWeights = (description: string, many?: 'or-one') =>
  ({ 'x-input': { ...TRAINED, ...(many && { many }) }, description }) as const satisfies ParamSchema;

/** Reference to a teacher: a trained network, its logits that a predict stage has kept, or an ONNX model; with `or-one` to several, too. */
export const teacherParam = (description: string, many?: 'or-one') =>
  ({
    'x-input': { kinds: [...TRAINED.kinds, 'predict', 'onnx'], ...(many && { many }) },
    description,
  }) as const satisfies ParamSchema;

/** What computes, in every stage that runs a network. */
export const engineParam = {
  enum: ['auto'],
  'x-registry': 'engines',
  default: 'auto',
  description: 'What computes; auto: the best that the machine can run. Its rounding is part of the result.',
} as const satisfies ParamSchema;

/** The packed dataset. */
export const dataParam = {
  'x-input': { kinds: ['dataset'], output: 'data' },
  description: 'The dataset.',
} as const satisfies ParamSchema;

/** Images that pass a network together. */
export const batchSizeParam = (description: string) =>
  ({
    type: 'integer',
    minimum: 1,
    maximum: 65_536,
    default: 64,
    'x-unit': 'images',
    description,
  }) as const satisfies ParamSchema;

const channels = <const Bounds extends ParamSchema>(summary: string, bounds: Bounds) =>
  ({
    type: 'array',
    minItems: 3,
    maxItems: 3,
    items: { type: 'number', ...bounds },
    description: summary,
  }) as const satisfies ParamSchema;

/** Normalisation in numbers: [[mean r, g, b], [std r, g, b]]. */
export const statisticsParam = {
  type: 'array',
  minItems: 2,
  maxItems: 2,
  items: [channels('Means.', {}), channels('Standard deviations.', { exclusiveMinimum: 0 })],
} as const satisfies ParamSchema;
