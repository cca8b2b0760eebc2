/** Where a cell stands in a run. The last seven never change again. */
export type CellState =
  | 'waiting'
  | 'ready'
  | 'running'
  | 'retrying'
  | 'finished'
  | 'reused'
  | 'failed'
  | 'skipped'
  /** Its search does not want it: neither a failure nor a result. */
  | 'stopped'
  | 'interrupted'
  | 'tainted';

/** What can happen to a cell. */
export type CellEvent =
  /** All that it needs has results, and it has none of its own. */
  | 'needs-met'
  /** A result was found: by the plan, or by the worker after another run made it. */
  | 'reuse'
  | 'start'
  /** An attempt failed and another one is due. */
  | 'retry'
  | 'finish'
  | 'fail'
  /** It finished, but its sources changed meanwhile. */
  | 'taint'
  /** Something that it needs, or the run, failed. */
  | 'skip'
  /** Its search, or that of what it needs, goes on without it. */
  | 'stop'
  | 'interrupt';

const transitions: Readonly<Record<CellState, Readonly<Partial<Record<CellEvent, CellState>>>>> = {
  waiting: {
    'needs-met': 'ready',
    reuse: 'reused',
    fail: 'failed',
    skip: 'skipped',
    stop: 'stopped',
    interrupt: 'interrupted',
  },
  ready: { start: 'running', skip: 'skipped', interrupt: 'interrupted' },
  running: {
    finish: 'finished',
    reuse: 'reused',
    retry: 'retrying',
    fail: 'failed',
    taint: 'tainted',
    interrupt: 'interrupted',
  },
  retrying: { start: 'running', fail: 'failed', interrupt: 'interrupted' },
  finished: {},
  reused: {},
  failed: {},
  skipped: {},
  stopped: {},
  interrupted: {},
  tainted: {},
};

/**
 * The state after an event: the only place where states change.
 *
 * @param state - where the cell stands
 * @param event - what happened to it
 * @returns the next state, or undefined when this cannot happen in that state
 */
export function transition(state: CellState, event: CellEvent): CellState | undefined {
  return transitions[state][event];
}

/**
 * Tells states that never change again from the others.
 *
 * @param state - a cell's state
 * @returns true when nothing more can happen to the cell in this run
 */
export function isTerminal(state: CellState): boolean {
  return Object.keys(transitions[state]).length === 0;
}

/**
 * Tells states with a result in the store from the others.
 *
 * @param state - a cell's state
 * @returns true when cells that need this one may go on
 */
export function hasResult(state: CellState): boolean {
  return state === 'finished' || state === 'reused';
}
