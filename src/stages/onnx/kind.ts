import type { Failure } from '../../core/failure.ts';
import type { Value } from '../../core/plan.ts';
import type { StageKind } from '../stage-kind.ts';
import { onnxParams } from './params.ts';

/** Whether a model is somewhere in the network. */
const isAddress = (from: Value | undefined): from is string =>
  typeof from === 'string' && /^(?:https?:|hf:)/.test(from);

let looking: Promise<Failure | null> | undefined;

/** Whether ONNX Runtime is here, asked once a process. */
const obstacle = (): Promise<Failure | null> =>
  (looking ??= import('./run.ts').then(({ lookForRuntime }) => lookForRuntime()));

/** Takes an ONNX model as a teacher. */
export const onnx: StageKind = {
  name: 'onnx',
  resultVersion: 1,
  summary: 'Takes a network of any ONNX model as a teacher, which ONNX Runtime runs.',
  params: onnxParams,
  required: [],
  // The content of the file is keyed; where it came from changes nothing.
  unkeyed: ['from'],
  needs: ({ from, file }) =>
    file === undefined && isAddress(from) ? [{ by: 'from', param: 'file', kind: 'fetch', params: { url: from } }] : [],
  outputs: () => ({ network: 'network' }),
  metrics: () => ['bytes'],
  check: ({ from }, { given }) => {
    const both = given('from') && given('file');
    if (!both && (from !== undefined || given('file'))) return [];
    return [
      {
        code: both ? 'conflicting-params' : 'missing-param',
        param: both ? ['file'] : [],
        message: both ? 'both from and file are given' : 'neither from nor file is given',
        expected: 'exactly one: from, or the stage that fetches the file',
        fix: both ? 'remove one' : 'add from: path/to/model.onnx',
      },
    ];
  },
  sources: ({ from, file }) =>
    file === undefined && typeof from === 'string' && !isAddress(from) ? [{ name: 'from', path: from }] : [],
  checkpoints: false,
  obstacle,
  load: () => import('./run.ts'),
};
