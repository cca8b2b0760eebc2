import type { Value, ValueObject } from '../../core/plan.ts';
import { formatList } from '../../util/text.ts';
import { catalogue } from '../catalogue.ts';
import type { CheckContext, Need, ParamProblem, StageKind } from '../stage-kind.ts';
import { IMAGENET, pretrainedParams, pretrainedRequired } from './params.ts';
import { shardFolder } from './shard-folder.ts';

const publishedOf = (model: Value | undefined): Value | undefined =>
  typeof model === 'string' ? catalogue()['models']?.[model]?.['pretrained'] : undefined;

/** Where a `from` points to in the network; undefined for a path. */
function addressOf(from: Value | undefined, model: Value | undefined): string | undefined {
  const address = from === IMAGENET ? publishedOf(model) : from;
  if (typeof address !== 'string' || !/^(?:https?:|hf:)/.test(address)) return undefined;
  // A repository alone means the file that the hub's libraries load.
  return /^hf:[^/]+\/[^/]+$/.test(address) ? `${address}/model.safetensors` : address;
}

/** Published weights want ImageNet's normalisation: where they come from is no part of the key, this is. */
function effective(params: ValueObject): ValueObject {
  return params['from'] === IMAGENET ? { mean_std: 'imagenet', ...params } : params;
}

function needs({ from, model, file }: ValueObject): readonly Need[] {
  const url = file === undefined ? addressOf(from, model) : undefined;
  return url === undefined ? [] : [{ by: 'from', param: 'file', kind: 'fetch', params: { url } }];
}

function check({ from, model }: ValueObject, { given }: CheckContext): readonly ParamProblem[] {
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
  if (from === IMAGENET && typeof publishedOf(model) !== 'string') {
    const known = Object.entries(catalogue()['models'] ?? {}).flatMap(([name, { pretrained }]) =>
      typeof pretrained === 'string' ? [name] : [],
    );
    problems.push({
      code: 'no-published-weights',
      param: ['from'],
      message: `nobody published weights of ${typeof model === 'string' ? model : 'this model'}`,
      expected: `one of ${formatList(known)}`,
      fix: 'give a file instead: weights: path/to/file.safetensors',
    });
  }
  return problems;
}

/** Makes a model of weights from elsewhere: published ones, or those of PyTorch. */
export const pretrained: StageKind = {
  name: 'pretrained',
  // 2: files of a state dict alone leave the normalisation to the dataset.
  resultVersion: 2,
  summary: 'Takes weights from elsewhere: published ones, or a file of PyTorch, checked against the architecture.',
  params: pretrainedParams,
  required: pretrainedRequired,
  // The content of the file is keyed; where it came from changes nothing.
  unkeyed: ['from'],
  needs,
  effective,
  outputs: () => ({ weights: 'weights.safetensors' }),
  metrics: () => ['classes', 'parameters'],
  check,
  sources: ({ from, model, file }) =>
    file === undefined && typeof from === 'string' && from !== IMAGENET && addressOf(from, model) === undefined
      ? [{ name: 'from', path: shardFolder(from) ?? from }]
      : [],
  checkpoints: false,
  load: () => import('./run.ts'),
};
