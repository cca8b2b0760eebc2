import type { ValueObject } from '../../core/plan.ts';
import { catalogue } from '../catalogue.ts';
import type { DeclaredSource, StageKind } from '../stage-kind.ts';
import { datasetParams, datasetRequired, splitWords } from './params.ts';
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

/** `root` of a source that is published as an archive: that, the folder in it, or a folder that holds either. */
function rootOf(path: string, archive: Archive | undefined): DeclaredSource {
  if (!archive) return { name: 'root', path };
  const { name, folder, marker, md5, url } = archive;
  const expected = `${name} (MD5 ${md5}), or the folder ${folder} that is in it`;
  const fix = `download it from ${url} to ${path}, or write url: ${url} in place of root, and it is fetched`;
  return { name: 'root', path, choice: { oneOf: [name, folder], marker, absent: { expected, fix } } };
}

/** Splits and pictures as they act: words for common splits are written out, and what leaves pictures as they always were is left out. */
function effective({ split, crop, root, interpolation, crop_pct: cropPct, keep, ...params }: ValueObject): ValueObject {
  const cut = splitWords.get(split) ?? split;
  return {
    ...params,
    ...(root !== undefined && root !== null && { root }),
    ...(cut !== undefined && { split: cut }),
    ...(crop !== 'none' && crop !== undefined && { crop }),
    ...(interpolation !== 'bilinear' && interpolation !== undefined && { interpolation }),
    ...(keep !== 'auto' && keep !== undefined && { keep }),
    ...(cropPct !== 1 && cropPct !== undefined && { crop_pct: cropPct }),
  };
}

/** Verifies, splits, decodes and resizes a dataset once; later stages read pixels, not JPEGs. */
export const dataset: StageKind = {
  name: 'dataset',
  resultVersion: 2,
  summary: 'Verifies, splits, decodes and resizes a dataset once.',
  params: datasetParams,
  required: datasetRequired,
  // Its content is a source of the key; where it lies changes nothing, nor does the form in which pictures are kept.
  unkeyed: ['root', 'keep'],
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
