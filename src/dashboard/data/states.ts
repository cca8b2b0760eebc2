import type { CellState } from '../../core/cell-state.ts';

/** States in the order in which they are shown: results first, then what goes on, then what is to come, then what went wrong. */
export const stateOrder = [
  'finished',
  'reused',
  'running',
  'retrying',
  'ready',
  'waiting',
  'stopped',
  'interrupted',
  'skipped',
  'tainted',
  'failed',
] as const satisfies readonly CellState[];
