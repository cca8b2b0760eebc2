import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import { catalogue } from '../../../src/stages/catalogue.ts';
import type { ValueObject } from '../../../src/core/plan.ts';
import { dataset } from '../../../src/stages/dataset/kind.ts';
import { kinds } from '../../../src/stages/registry.ts';
import { parameterSchema } from '../../../src/stages/schema.ts';
import type { CheckContext } from '../../../src/stages/stage-kind.ts';

const facts = catalogue()['datasets'] ?? {};
const ajv = new Ajv({ useDefaults: true, strict: false, allowUnionTypes: true });
const validate = ajv.compile(parameterSchema(dataset, { datasets: facts }));

/** Parameters with defaults filled in; undefined when the schema refuses them. */
function completed(params: JsonObject): JsonObject | undefined {
  const copy = structuredClone(params);
  return validate(copy) ? copy : undefined;
}

/** Those that act. */
function effective(params: JsonObject): ValueObject | undefined {
  const all = completed(params);
  return all && dataset.effective?.(all);
}

function problems(params: JsonObject): unknown[] {
  const context: CheckContext = {
    upstream: () => undefined,
    given: (name) => name in params,
    facts: (registry, name) => (registry === 'datasets' ? facts[name] : undefined),
  };
  const found = dataset.check?.(effective(params) ?? {}, context) ?? [];
  return found.map(({ code, param, fix }) => ({ code, param, helps: Boolean(fix) }));
}

describe('the dataset kind', () => {
  it('is registered under its own name and loads what runs it', async () => {
    expect(kinds.dataset).toBe(dataset);
    expect(dataset.name).toBe('dataset');
    expect((await dataset.load()).run).toBeTypeOf('function');
  });

  it('takes folders of an image folder alone, and leaves them out of the key where they are not given', () => {
    const given = { source: 'image-folder', root: 'x' };
    expect(problems({ ...given, folders: 'classes' })).toEqual([]);
    expect(problems({ ...given, folders: { train: 'Learn', test: 'Exam' } })).toEqual([]);
    expect(effective(given)).not.toHaveProperty('folders');
    expect(completed({ ...given, folders: { test: 'Exam' } })).toBeUndefined();
    expect(completed({ ...given, folders: 'splits' })).toBeUndefined();
    expect(problems({ source: 'idx', root: 'x', folders: 'classes' })).toEqual([
      { code: 'no-effect', param: ['folders'], helps: true },
    ]);
  });

  it('keeps files of a source that has some, and says nothing of it where nothing is asked for', () => {
    const given = { source: 'image-folder', root: 'x' };
    expect(problems({ ...given, keep: 'encoded' })).toEqual([]);
    expect(effective({ ...given, keep: 'encoded' })).toHaveProperty('keep', 'encoded');
    expect(effective(given)).not.toHaveProperty('keep');
    expect(completed({ ...given, keep: 'jpeg' })).toBeUndefined();
    expect(problems({ source: 'idx', root: 'x', keep: 'decoded' })).toEqual([]);
    expect(problems({ source: 'idx', root: 'x', keep: 'encoded' })).toEqual([
      { code: 'no-effect', param: ['keep'], helps: true },
    ]);
  });

  it('fills in the defaults that the recipe names', () => {
    expect(completed({ source: 'mnist-digits' })).toEqual({
      source: 'mnist-digits',
      crop: 'none',
      crop_pct: 1,
      interpolation: 'bilinear',
      image_size: null,
      split: { val: 0.2, test: 0.2, seed: 0 },
      mean_std: 'imagenet',
      on_bad_image: 'fail',
      keep: 'auto',
    });
    expect(completed({ source: 'idx', root: 'x', split: { test: 0 } })?.['split']).toEqual({
      val: 0.2,
      test: 0,
      seed: 0,
    });
  });

  it('describes every parameter, and gives numbers of images and pixels their unit', () => {
    for (const [name, schema] of Object.entries(dataset.params)) {
      expect([name, schema.description]).toEqual([name, expect.stringMatching(/^[A-Z].*\.$/)]);
    }
    expect(dataset.params['image_size']?.['x-unit']).toBe('pixels');
  });

  it.each<[string, JsonObject]>([
    ['a source that is none', { source: 'cifar' }],
    ['no source', { root: 'x' }],
    ['an unknown parameter', { source: 'idx', root: 'x', size: 3 }],
    ['an unknown key in split', { source: 'idx', root: 'x', split: { train: 0.5 } }],
    ['a fraction of 1', { source: 'idx', root: 'x', split: { test: 1 } }],
    ['a negative fraction', { source: 'idx', root: 'x', split: { val: -0.1 } }],
    ['an image size of 4', { source: 'idx', root: 'x', image_size: 4 }],
    ['half a pixel', { source: 'idx', root: 'x', image_size: 28.5 }],
    ['a limit of one image', { source: 'idx', root: 'x', limit: { train: 1 } }],
    ['a limit of a split that is none', { source: 'idx', root: 'x', limit: { dev: 10 } }],
    [
      'two channels of statistics',
      {
        source: 'idx',
        root: 'x',
        mean_std: [
          [0.5, 0.5],
          [0.5, 0.5],
        ],
      },
    ],
    [
      'a deviation of 0',
      {
        source: 'idx',
        root: 'x',
        mean_std: [
          [0.5, 0.5, 0.5],
          [0.5, 0, 0.5],
        ],
      },
    ],
    ['another word for statistics', { source: 'idx', root: 'x', mean_std: 'cifar' }],
    ['an empty root', { source: 'idx', root: '' }],
    ['an unknown wish for bad images', { source: 'image-folder', root: 'x', on_bad_image: 'ignore' }],
  ])('refuses %s', (_title, params) => {
    expect(completed(params)).toBeUndefined();
  });

  it('takes statistics as numbers', () => {
    const given = [
      [0.5, 0.5, 0.5],
      [0.25, 0.25, 0.25],
    ];
    expect(completed({ source: 'idx', root: 'x', mean_std: given })?.['mean_std']).toEqual(given);
  });

  it('refuses what would do nothing, and asks for what is missing', () => {
    expect(problems({ source: 'mnist-digits' })).toEqual([]);
    expect(problems({ source: 'image-folder', root: 'x', on_bad_image: 'skip' })).toEqual([]);
    expect(problems({ source: 'idx' })).toEqual([{ code: 'missing-param', param: ['source'], helps: true }]);
    expect(problems({ source: 'mnist-digits', root: 'x', on_bad_image: 'skip' })).toEqual([
      { code: 'no-effect', param: ['root'], helps: true },
      { code: 'no-effect', param: ['on_bad_image'], helps: true },
    ]);
  });

  it('reads the root, or the digits that come with kdpipe', () => {
    expect(dataset.sources?.({ source: 'idx', root: 'data/fashion' })).toEqual([
      { name: 'root', path: 'data/fashion' },
    ]);
    const [digits] = dataset.sources?.({ source: 'mnist-digits' }) ?? [];
    expect(digits?.name).toBe('root');
    expect(existsSync(join(digits?.path ?? '', 'digits-images-idx3-ubyte.gz'))).toBe(true);
  });

  it('keys the content of the root, not its path, and not the form in which pictures are kept', () => {
    expect(dataset.unkeyed).toEqual(['root', 'keep']);
  });
});

describe('a published archive', () => {
  const cub = { source: 'cub-200-2011' };

  it('is given by root or by url, and by one of them only', () => {
    expect(problems({ ...cub, root: 'data' })).toEqual([]);
    expect(problems({ ...cub, url: 'https://example.org/x.tgz' })).toEqual([]);
    expect(problems(cub)).toEqual([{ code: 'missing-param', param: ['source'], helps: true }]);
    expect(problems({ ...cub, root: 'data', url: 'https://example.org/x.tgz' })).toEqual([
      { code: 'root-or-url', param: ['url'], helps: true },
    ]);
    expect(problems({ source: 'idx', root: 'x', url: 'https://a/b' })).toMatchObject([{ code: 'no-effect' }]);
    expect(problems({ source: 'mnist-digits', url: 'https://a/b' })).toMatchObject([{ code: 'no-effect' }]);
  });

  it('that is fetched is compared with the checksum that its publisher gives', () => {
    const md5 = '97eceeb196236b17998738112f37df78';
    const url = 'https://example.org/x.tgz';
    expect(dataset.needs?.({ ...cub, url })).toEqual([
      { by: 'url', param: 'url', kind: 'fetch', params: { url, md5 } },
    ]);
    expect(dataset.needs?.({ ...cub, root: 'data' })).toEqual([]);
  });

  it('is looked for by its name, and what is said of its absence tells where it is to be had', () => {
    const [source] = dataset.sources?.({ ...cub, root: 'data' }) ?? [];
    expect(source).toMatchObject({ path: 'data', choice: { oneOf: ['CUB_200_2011.tgz', 'CUB_200_2011'] } });
    expect(source?.choice?.absent.fix).toContain('https://data.caltech.edu/');
    expect(dataset.sources?.({ source: 'idx', root: 'x' })).toEqual([{ name: 'root', path: 'x' }]);
  });

  it('has splits by words that mean the same as what they stand for, and no others', () => {
    const split = (value: JsonObject[string]) => effective({ ...cub, root: 'x', split: value })?.['split'];
    expect(split('official')).toEqual(split({ test: 'official' }));
    expect(split('original')).toEqual({ val: 0.2, test: 0.2, seed: 0 });
    expect(completed({ ...cub, root: 'x', split: 'random' })).toBeUndefined();
    expect(completed({ ...cub, root: 'x', split: { test: 'x' } })).toBeUndefined();
    expect(problems({ source: 'image-folder', root: 'x', split: 'official' })).toMatchObject([
      { code: 'no-official-split' },
    ]);
  });

  it('has boxes where the publisher gives them; without a crop the parameters are those of before there was one', () => {
    expect(problems({ ...cub, root: 'x', crop: 'box' })).toEqual([]);
    expect(problems({ source: 'cifar-10', root: 'x', crop: 'box' })).toMatchObject([{ code: 'no-boxes' }]);
    expect(effective({ ...cub, root: 'x', crop: 'none' })).not.toHaveProperty('crop');
    const usual = effective({ ...cub, root: 'x', interpolation: 'bilinear', crop_pct: 1 });
    expect(usual).not.toHaveProperty('interpolation');
    expect(usual).not.toHaveProperty('crop_pct');
    const timm = { interpolation: 'bicubic', crop_pct: 0.875 };
    expect(effective({ ...cub, root: 'x', ...timm })).toMatchObject(timm);
    expect(effective({ ...cub, root: 'x' })).not.toHaveProperty('crop');
  });
});
