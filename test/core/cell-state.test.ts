import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasResult, isTerminal, transition, type CellState, type CellEvent } from '../../src/core/cell-state.ts';

const states: readonly CellState[] = [
  'waiting',
  'ready',
  'running',
  'retrying',
  'finished',
  'reused',
  'failed',
  'skipped',
  'interrupted',
  'tainted',
];
const events: readonly CellEvent[] = [
  'needs-met',
  'reuse',
  'start',
  'retry',
  'finish',
  'fail',
  'taint',
  'skip',
  'interrupt',
];
const terminal: readonly CellState[] = ['finished', 'reused', 'failed', 'skipped', 'interrupted', 'tainted'];

/** Applies events one after the other; those that cannot happen leave the state as it is. */
const walk = (path: readonly CellEvent[]): readonly CellState[] => {
  const visited: CellState[] = ['waiting'];
  for (const event of path) visited.push(transition(visited.at(-1)!, event) ?? visited.at(-1)!);
  return visited;
};

describe('transition', () => {
  it('has exactly these legal steps', () => {
    const steps = states.flatMap((state) =>
      events.flatMap((event) => {
        const next = transition(state, event);
        return next ? [`${state} -${event}-> ${next}`] : [];
      }),
    );
    expect(steps).toEqual([
      'waiting -needs-met-> ready',
      'waiting -reuse-> reused',
      'waiting -fail-> failed',
      'waiting -skip-> skipped',
      'waiting -interrupt-> interrupted',
      'ready -start-> running',
      'ready -skip-> skipped',
      'ready -interrupt-> interrupted',
      'running -reuse-> reused',
      'running -retry-> retrying',
      'running -finish-> finished',
      'running -fail-> failed',
      'running -taint-> tainted',
      'running -interrupt-> interrupted',
      'retrying -start-> running',
      'retrying -fail-> failed',
      'retrying -interrupt-> interrupted',
    ]);
  });

  it('never leaves a terminal state, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 30 }), (path) => {
        const visited = walk(path);
        const end = visited.findIndex((state) => terminal.includes(state));
        if (end !== -1) expect(new Set(visited.slice(end)).size).toBe(1);
      }),
    );
  });

  it('lets no cell finish, fail an attempt or be tainted that has not started', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 30 }), (path) => {
        const visited = walk(path);
        for (const result of ['finished', 'tainted', 'retrying'] as const)
          if (visited.includes(result)) expect(visited.indexOf('running')).toBeLessThan(visited.indexOf(result));
      }),
    );
  });

  it('reaches every state from waiting', () => {
    const reached = new Set<CellState>(['waiting']);
    for (const state of reached)
      for (const event of events) {
        const next = transition(state, event);
        if (next) reached.add(next);
      }
    expect([...reached].sort()).toEqual([...states].sort());
  });
});

describe('isTerminal', () => {
  it('is true of the six ends alone', () => {
    expect(states.filter(isTerminal)).toEqual(terminal);
  });
});

describe('hasResult', () => {
  it('is true of cells that others may read', () => {
    expect(states.filter(hasResult)).toEqual(['finished', 'reused']);
  });
});
