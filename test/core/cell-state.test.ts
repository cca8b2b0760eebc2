import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasResult, isTerminal, transition, type CellState, type Happening } from '../../src/core/cell-state.ts';

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
const happenings: readonly Happening[] = [
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

/** Applies happenings one after the other; those that cannot happen leave the state as it is. */
const walk = (path: readonly Happening[]): readonly CellState[] => {
  const visited: CellState[] = ['waiting'];
  for (const happening of path) visited.push(transition(visited.at(-1)!, happening) ?? visited.at(-1)!);
  return visited;
};

describe('transition', () => {
  it('has exactly these legal steps', () => {
    const steps = states.flatMap((state) =>
      happenings.flatMap((happening) => {
        const next = transition(state, happening);
        return next ? [`${state} -${happening}-> ${next}`] : [];
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
      fc.property(fc.array(fc.constantFrom(...happenings), { maxLength: 30 }), (path) => {
        const visited = walk(path);
        const end = visited.findIndex((state) => terminal.includes(state));
        if (end !== -1) expect(new Set(visited.slice(end)).size).toBe(1);
      }),
    );
  });

  it('lets no cell finish, fail an attempt or be tainted that has not started', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...happenings), { maxLength: 30 }), (path) => {
        const visited = walk(path);
        for (const result of ['finished', 'tainted', 'retrying'] as const)
          if (visited.includes(result)) expect(visited.indexOf('running')).toBeLessThan(visited.indexOf(result));
      }),
    );
  });

  it('reaches every state from waiting', () => {
    const reached = new Set<CellState>(['waiting']);
    for (const state of reached)
      for (const happening of happenings) {
        const next = transition(state, happening);
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
