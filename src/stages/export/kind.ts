import type { ValueObject } from '../../core/plan.ts';
import { catalogue } from '../catalogue.ts';
import { checkInput } from '../inference/input-rules.ts';
import type { StageKind } from '../stage-kind.ts';
import { exportParams, exportRequired } from './params.ts';

/** A form and the file that holds its weights. */
const fileOf = (form: string): readonly [string, string][] => {
  const file = catalogue()['exports']?.[form]?.['file'];
  return typeof file === 'string' ? [[form, file]] : [];
};

const formsIn = ({ to }: ValueObject): readonly string[] => (Array.isArray(to) ? to.map(String) : []);

/** Writes a trained network for use elsewhere. */
export const exportNetwork: StageKind = {
  name: 'export',
  resultVersion: 1,
  summary: 'Writes a trained network for use elsewhere, with its model card, and has it checked by what reads it.',
  params: exportParams,
  required: exportRequired,
  unkeyed: [],
  outputs: (params) => ({ ...Object.fromEntries(formsIn(params).flatMap(fileOf)), card: 'README.md' }),
  metrics: () => [],
  check: (_, { upstream }) => checkInput(upstream('of'), upstream('data'), ['of']),
  checkpoints: false,
  load: () => import('./run.ts'),
};
