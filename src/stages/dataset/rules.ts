import type { ValueObject } from '../../core/plan.ts';
import { assetPath } from '../../util/package-root.ts';
import type { CheckContext, ParamProblem } from '../stage-kind.ts';

/** Sources that come with kdpipe: the folder in its package. All others read `root` or `url`. */
const SHIPPED: Readonly<Record<string, string>> = { 'mnist-digits': 'src/ml/data/digits/idx' };

/**
 * The folder of a source that comes with kdpipe.
 *
 * @param params - of a dataset
 * @returns absolute path; undefined for sources that are elsewhere
 */
export function shippedFolder(params: ValueObject): string | undefined {
  const folder = typeof params['source'] === 'string' ? SHIPPED[params['source']] : undefined;
  return folder === undefined ? undefined : assetPath(folder);
}

const noEffect = (param: string, why: string, rest: { expected: string; fix: string }): ParamProblem => ({
  code: 'no-effect',
  param: [param],
  message: `${param} would do nothing: ${why}`,
  ...rest,
});

/** Where the images are: said exactly once. */
function checkPlace(given: ValueObject, source: string, context: CheckContext): readonly ParamProblem[] {
  const archive = context.facts('datasets', source)?.['archive'] as { readonly url: string } | undefined;
  const [root, url] = [given['root'] !== undefined, given['url'] !== undefined];
  if (shippedFolder(given) !== undefined) {
    const fix = 'remove it, or choose source idx or image-folder';
    return ['root', 'url']
      .filter((name) => given[name] !== undefined)
      .map((name) =>
        noEffect(name, `${source} comes with kdpipe`, { expected: `no ${name} with source ${source}`, fix }),
      );
  }
  if (url && !archive) {
    const expected = `root with source ${source}`;
    return [noEffect('url', `${source} is no published archive`, { expected, fix: 'write root in place of url' })];
  }
  if (root && url) {
    const message = 'both root and url are given';
    return [{ code: 'root-or-url', param: ['url'], message, expected: 'exactly one of them', fix: 'remove one' }];
  }
  if (root || url) return [];
  return [
    {
      code: 'missing-param',
      param: ['source'],
      message: `source ${source} needs a root`,
      expected: archive ? 'root: the archive or a folder that holds it' : 'root: the folder with the images',
      fix: archive ? `add root, or url: ${archive.url}` : 'add root',
    },
  ];
}

function checkFlags(given: ValueObject, source: string, context: CheckContext): readonly ParamProblem[] {
  const { decodes, official, boxes, folders } = context.facts('datasets', source) ?? {};
  const problems: ParamProblem[] = [];
  if (decodes === false && context.given('on_bad_image')) {
    const expected = 'on_bad_image with a source of image files only';
    problems.push(
      noEffect('on_bad_image', `${source} has no image files to decode`, { expected, fix: 'remove on_bad_image' }),
    );
  }
  if (decodes === false && given['keep'] === 'encoded') {
    const expected = 'keep: encoded with a source of image files only';
    problems.push(noEffect('keep', `${source} has no image files to keep`, { expected, fix: 'remove keep' }));
  }
  if (folders === false && context.given('folders')) {
    const expected = 'folders with source image-folder only';
    problems.push(noEffect('folders', `${source} is no tree of folders`, { expected, fix: 'remove folders' }));
  }
  const { split, crop } = given;
  const test = typeof split === 'object' && split !== null && 'test' in split ? split.test : undefined;
  if (test === 'official' && official === false)
    problems.push({
      code: 'no-official-split',
      param: ['split'],
      message: `the publisher of ${source} gives no test split`,
      expected: 'split: { val, test, seed }',
      fix: 'remove official; a split that lies in the files themselves is always kept',
    });
  if (crop === 'box' && boxes === false)
    problems.push({
      code: 'no-boxes',
      param: ['crop'],
      message: `images of ${source} have no bounding boxes`,
      expected: 'crop: box with source cub-200-2011 only',
      fix: 'remove crop',
    });
  return problems;
}

/**
 * Rules of a dataset beyond the schema.
 *
 * @param given - effective parameters
 * @param context - what rules may look at
 * @returns what is wrong
 */
export function checkDataset(given: ValueObject, context: CheckContext): readonly ParamProblem[] {
  const source = typeof given['source'] === 'string' ? given['source'] : '';
  return [checkPlace, checkFlags].flatMap((rule) => rule(given, source, context));
}
