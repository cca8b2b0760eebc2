import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CellTable } from '../../src/scheduler/cell-table.ts';
import { cell } from './fakes.ts';

/** Random DAGs as lists of needs by index; every cell needs earlier ones only. */
const dags = fc
  .array(fc.array(fc.nat({ max: 1000 }), { maxLength: 4 }), { maxLength: 30 })
  .map((lists) => lists.map((needs, at) => (at ? [...new Set(needs.map((need) => need % at))] : [])));
const tableOf = (needs: readonly (readonly number[])[]) =>
  new CellTable(needs.map((of, at) => cell(`c${at}`, { needs: of.map((need) => `c${need}`) })));

/** All cells that need a cell, by plain repeated search. */
function coneOf(needs: readonly (readonly number[])[], root: number): ReadonlySet<number> {
  const cone = new Set<number>();
  for (let grown = -1; grown !== cone.size;) {
    grown = cone.size;
    needs.forEach((of, at) => of.some((need) => need === root || cone.has(need)) && cone.add(at));
  }
  return cone;
}

describe('a table of cells', () => {
  it('knows who needs whom, both ways', () => {
    fc.assert(
      fc.property(dags, (needs) => {
        const table = tableOf(needs);
        needs.forEach((_, at) => {
          const dependents = needs.flatMap((of, other) => (of.includes(at) ? [other] : []));
          expect(table.dependents(at)).toEqual(dependents);
        });
      }),
    );
  });

  it('visits each waiting cell of a cone once, and no other', () => {
    fc.assert(
      fc.property(dags, fc.nat({ max: 29 }), (needs, pick) => {
        if (!needs.length) return;
        const root = pick % needs.length;
        const table = tableOf(needs);
        const visited: number[] = [];
        table.forWaitingCone(root, (at) => {
          table.change(at, 'skip');
          visited.push(at);
        });
        expect(visited.toSorted((a, b) => a - b)).toEqual([...coneOf(needs, root)].sort((a, b) => a - b));
        expect(table.count('skipped')).toBe(visited.length);
      }),
    );
  });

  it('does not pass through cells that are not waiting', () => {
    const table = tableOf([[], [0], [1]]);
    table.change(1, 'reuse');
    const visited: number[] = [];
    table.forWaitingCone(0, (at) => visited.push(at));
    expect(visited).toEqual([]);
  });

  it('says when the last need of a waiting cell is met', () => {
    const table = tableOf([[], [], [], [0, 1, 2]]);
    table.await(3, 3);
    expect([table.needMet(3), table.needMet(3), table.needMet(3)]).toEqual([false, false, true]);
  });

  it('does not make a skipped cell ready by its last need', () => {
    const table = tableOf([[], [0]]);
    table.await(1, 1);
    table.change(1, 'skip');
    expect(table.needMet(1)).toBe(false);
  });

  it('refuses what cannot happen, and names cell and state', () => {
    const table = tableOf([[]]);
    expect(() => table.change(0, 'finish')).toThrow('cell c0 is waiting: finish cannot happen to it');
    table.change(0, 'skip');
    expect(() => table.change(0, 'start')).toThrow('cell c0 is skipped: start cannot happen to it');
    expect(table.states).toEqual(['skipped']);
  });

  it('counts states', () => {
    const table = tableOf([[], [], []]);
    table.change(0, 'reuse');
    table.change(1, 'needs-met');
    expect([table.count('reused'), table.count('ready', 'waiting'), table.count('failed')]).toEqual([1, 2, 0]);
  });

  it('refuses a cell that needs one outside of the run, and an index that is none', () => {
    expect(() => new CellTable([cell('a', { needs: ['b'] })])).toThrow('cell a needs b, which is not in the run');
    expect(() => tableOf([[]]).cell(1)).toThrow(RangeError);
  });
});
