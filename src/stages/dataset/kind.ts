import type { ValueObject } from '../../core/plan.ts';
import { catalogue } from '../catalogue.ts';
import type { DeclaredSource, ParamSchema, StageKind } from '../stage-kind.ts';
import { checkDataset, shippedFolder } from './rules.ts';

/** What a publisher offers, as the catalogue has it. */
interface Archive {
  readonly name: string;
  readonly folder: string;
  readonly marker: string;
  readonly md5: string;
  readonly url: string;
}

function archiveOf({ source }: ValueObject): Archive | undefined {
  const facts = typeof source === 'string' ? catalogue()['datasets']?.[source] : undefined;
  return facts?.['archive'] as Archive | undefined;
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

/** `root` of a source that is published as an archive: that, the folder in it, or a folder that holds either. */
function rootOf(path: string, archive: Archive | undefined): DeclaredSource {
  if (!archive) return { name: 'root', path };
  const { name, folder, marker, md5, url } = archive;
  const expected = `${name} (MD5 ${md5}), or the folder ${folder} that is in it`;
  const fix = `download it from ${url} to ${path}, or write url: ${url} in place of root, and it is fetched`;
  return { name: 'root', path, choice: { oneOf: [name, folder], marker, absent: { expected, fix } } };
}

/** Splits and crop as they act: words for common splits are written out, and no crop is the same as none. */
function effective({ split, crop, root, ...params }: ValueObject): ValueObject {
  const cut = split === 'official' ? { ...SPLIT, test: 'official' } : split === 'original' ? SPLIT : split;
  return {
    ...params,
    ...(root !== undefined && root !== null && { root }),
    ...(cut !== undefined && { split: cut }),
    ...(crop !== 'none' && crop !== undefined && { crop }),
  };
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
  needs: (given) => {
    const { url } = given;
    const md5 = archiveOf(given)?.md5;
    return typeof url === 'string'
      ? [{ by: 'url', param: 'url', kind: 'fetch', params: { url, ...(md5 !== undefined && { md5 }) } }]
      : [];
  },
  effective,
  check: checkDataset,
  sources: (given) => {
    const shipped = shippedFolder(given);
    if (shipped !== undefined) return [{ name: 'root', path: shipped }];
    return typeof given['root'] === 'string' ? [rootOf(given['root'], archiveOf(given))] : [];
  },
  load: () => import('./run.ts'),
};
