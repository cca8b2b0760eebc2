import type { JsonObject } from '../../core/json.ts';
import type { ParamSchema, ParamSchemas } from '../../params/param-schema.ts';
import { statisticsParam } from '../../params/shared-params.ts';

const fraction = (of: string, summary: string) =>
  ({
    type: 'number',
    minimum: 0,
    exclusiveMaximum: 1,
    default: 0.2,
    description: `${summary}: floor(fraction · ${of}) of every class.`,
  }) as const satisfies ParamSchema;

const limit = (split: string) =>
  ({
    type: 'integer',
    minimum: 2,
    'x-unit': 'images',
    description: `Most images of the ${split} split, taken evenly from the classes.`,
  }) as const satisfies ParamSchema;

const folder = (split: string) =>
  ({
    type: 'string',
    minLength: 1,
    description: `Folder of the ${split} images, relative to root.`,
  }) as const satisfies ParamSchema;

const SPLIT = { val: 0.2, test: 0.2, seed: 0 } as const;

/** The words for common splits, and what they stand for. */
export const splitWords: ReadonlyMap<unknown, JsonObject> = new Map<unknown, JsonObject>([
  ['original', SPLIT],
  ['official', { ...SPLIT, test: 'official' }],
]);

/** Parameters of a dataset. */
export const datasetParams = {
  source: {
    type: 'string',
    'x-registry': 'datasets',
    description: 'Where the images come from and how they are stored.',
  },
  root: {
    type: ['string', 'null'],
    minLength: 1,
    description:
      'Folder with the images, or the published archive, relative to the working folder. Its content, not its path, is part of the key. null takes back the root of a file: -S birds.with.root=null.',
  },
  url: {
    'x-input': { kinds: ['fetch'], output: 'file', text: 'the address of the published archive' },
    description:
      'Address of the published archive, instead of root: it is fetched once and compared with the MD5 that its publisher gives.',
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
    type: ['object', 'string'],
    pattern: '^(original|official)$',
    additionalProperties: false,
    default: SPLIT,
    properties: {
      val: fraction('what test leaves', 'Validation split; unused where the source has its own'),
      test: {
        ...fraction('all', 'Test split; unused where the source has its own'),
        type: ['number', 'string'],
        pattern: '^official$',
        description:
          'Test split: floor(fraction · all) of every class, or official: the publisher’s test images. Unused where the source has its own.',
      },
      seed: { type: 'integer', minimum: 0, default: 0, description: 'Seed of the per-class shuffle.' },
    },
    description:
      'How images are cut into splits, per class: test first, then val, the rest is train. original = the default; official = { test: official }: the publisher’s test images.',
  },
  folders: {
    anyOf: [
      { type: 'string', enum: ['classes'] },
      {
        type: 'object',
        additionalProperties: false,
        required: ['train'],
        properties: { train: folder('training'), val: folder('validation'), test: folder('test') },
      },
    ],
    description:
      'What the folders in root are, where their names don’t say it: classes, or those of splits, as in { train: Learn, test: Exam }; no others are read then. By default folders called train, val and test in any common spelling are splits.',
  },
  crop: {
    type: 'string',
    enum: ['none', 'box'],
    default: 'none',
    description: 'What is cut out of pictures before they are resized: none, or box, their bounding boxes.',
  },
  limit: {
    type: 'object',
    additionalProperties: false,
    properties: { train: limit('train'), val: limit('val'), test: limit('test') },
    description: 'Cut-down splits.',
  },
  mean_std: {
    default: 'imagenet',
    anyOf: [{ type: 'string', enum: ['imagenet', 'data'] }, statisticsParam],
    description:
      'Normalisation: of ImageNet, of the training images (means over images), or [[mean r, g, b], [std r, g, b]] of pixels in [0, 1].',
  },
  interpolation: {
    enum: ['bilinear', 'bicubic'],
    default: 'bilinear',
    description: 'How pictures are resized, both with antialiasing, as Pillow does.',
  },
  crop_pct: {
    type: 'number',
    minimum: 0.5,
    maximum: 1,
    default: 1,
    description:
      'Evaluation: S by the shorter side of the resized picture that the centre S×S is cut from. timm calls it so; 0.875 is torchvision’s 256 and 224.',
  },
  keep: {
    type: 'string',
    enum: ['auto', 'decoded', 'encoded'],
    default: 'auto',
    description:
      'What is kept of image files: decoded, their pixels, which epochs read; encoded, the files as they are in one archive, which are decoded again whenever they are read; or auto: decoded where that takes at most half of the free disk. Both are the same pictures, and results do not depend on it: it is no part of the key.',
  },
  on_bad_image: {
    type: 'string',
    enum: ['fail', 'skip'],
    default: 'fail',
    description: 'What to do with an image that cannot be decoded: fail, naming it, or skip it with a warning.',
  },
} as const satisfies ParamSchemas;

/** What a dataset must have. */
export const datasetRequired = ['source'] as const;
