import type { ValueObject } from '../../core/plan.ts';
import { formatList } from '../../util/text.ts';
import { catalogue, type Catalogue } from '../catalogue.ts';
import type { CheckContext, Need, ParamProblem, StageKind } from '../stage-kind.ts';
import { IMAGENET, pretrainedParams, pretrainedRequired } from './params.ts';
import { shardFolder } from './shard-folder.ts';

/** Addresses of weights that models' authors published, by model. */
type Published = ReadonlyMap<string, string>;

const publishedIn = ({ models = {} }: Catalogue): Published =>
  new Map(
    Object.entries(models).flatMap(([name, { pretrained }]) =>
      typeof pretrained === 'string' ? [[name, pretrained] as const] : [],
    ),
  );

/** Where a `from` points to in the network; undefined for a path. */
function addressOf({ from, model }: ValueObject, published: Published): string | undefined {
  const address = from === IMAGENET && typeof model === 'string' ? published.get(model) : from;
  if (typeof address !== 'string' || !/^(?:https?:|hf:)/.test(address)) return undefined;
  // A repository alone means the file that the hub's libraries load.
  return /^hf:[^/]+\/[^/]+$/.test(address) ? `${address}/model.safetensors` : address;
}

/** Published weights want ImageNet's normalisation: where they come from is no part of the key, this is. */
function effective(params: ValueObject): ValueObject {
  return params['from'] === IMAGENET ? { mean_std: 'imagenet', ...params } : params;
}

function needs(params: ValueObject, published: Published): readonly Need[] {
  const url = params['file'] === undefined ? addressOf(params, published) : undefined;
  return url === undefined ? [] : [{ by: 'from', param: 'file', kind: 'fetch', params: { url } }];
}

function check({ from, model }: ValueObject, { given }: CheckContext, published: Published): readonly ParamProblem[] {
  const problems: ParamProblem[] = [];
  if (given('from') && given('file'))
    problems.push({
      code: 'conflicting-params',
      param: ['file'],
      message: 'both from and file are given',
      expected: 'exactly one: from, or the stage that fetches the file',
      fix: 'remove one',
    });
  if (from === undefined && !given('file'))
    problems.push({
      code: 'missing-param',
      param: ['model'],
      message: 'neither from nor file is given',
      expected: 'from: imagenet, a path, https://… or hf:owner/repo',
      fix: 'add from: imagenet',
    });
  if (from === IMAGENET && !(typeof model === 'string' && published.has(model)))
    problems.push({
      code: 'no-published-weights',
      param: ['from'],
      message: `nobody published weights of ${typeof model === 'string' ? model : 'this model'}`,
      expected: `one of ${formatList([...published.keys()])}`,
      fix: 'give a file instead: weights: path/to/file.safetensors',
    });
  return problems;
}

/**
 * Makes a model of weights from elsewhere: published ones, or those of PyTorch.
 *
 * @param names - the catalogue; models and where their weights were published are in it
 * @returns the kind
 */
export function pretrainedWith(names: Catalogue): StageKind {
  const published = publishedIn(names);
  return {
    name: 'pretrained',
    // 2: files of a state dict alone leave the normalisation to the dataset.
    resultVersion: 2,
    summary: 'Takes weights from elsewhere: published ones, or a file of PyTorch, checked against the architecture.',
    params: pretrainedParams,
    required: pretrainedRequired,
    // The content of the file is keyed; where it came from changes nothing.
    unkeyed: ['from'],
    needs: (params) => needs(params, published),
    effective,
    outputs: () => ({ weights: 'weights.safetensors' }),
    metrics: () => ['classes', 'parameters'],
    check: (params, context) => check(params, context, published),
    sources: (params) => {
      const { from, file } = params;
      const isPath = typeof from === 'string' && from !== IMAGENET && addressOf(params, published) === undefined;
      return isPath && file === undefined ? [{ name: 'from', path: shardFolder(from) ?? from }] : [];
    },
    checkpoints: false,
    load: () => import('./run.ts'),
  };
}

/** The same, with our own models alone. */
export const pretrained = pretrainedWith(catalogue());
