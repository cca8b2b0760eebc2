import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { longestRemaining, type Node } from '../../src/graph/priority.ts';

const cells: readonly Node[] = [
  { id: 'data', needs: [] },
  { id: 'teacher', needs: ['data'] },
  { id: 'student', needs: ['data', 'teacher'] },
  { id: 'quick', needs: ['data'] },
  { id: 'score', needs: ['student'] },
];

/** The definition: own weight and the heaviest of those that need it. */
function plainPriority(all: readonly Node[], id: string, weight: (cell: Node) => number): number {
  const cell = all.find((one) => one.id === id);
  const behind = all.filter(({ needs }) => needs.includes(id)).map((next) => plainPriority(all, next.id, weight));
  return (cell ? weight(cell) : 0) + Math.max(0, ...behind);
}

const chainOf = (edges: readonly (readonly number[])[]): Node[] =>
  edges.map((needs, index) => ({
    id: `n${index}`,
    needs: index === 0 ? [] : [...new Set(needs.map((need) => `n${need % index}`))],
  }));

describe('longestRemaining', () => {
  it('counts the cells on the longest path when all weigh the same', () => {
    expect(Object.fromEntries(longestRemaining(cells, () => 1))).toEqual({
      data: 4,
      teacher: 3,
      student: 2,
      score: 1,
      quick: 1,
    });
  });

  it('prefers the heavier of two branches', () => {
    const heavy = longestRemaining(cells, ({ id }) => (id === 'quick' ? 100 : 1));
    expect(heavy.get('quick')).toBe(100);
    expect(heavy.get('data')).toBe(101);
    expect(heavy.get('teacher')).toBe(3);
  });

  it('gives nothing for no cells', () => {
    expect(longestRemaining([], () => 1).size).toBe(0);
  });

  it('agrees with the definition for any graph and weights', () => {
    const edges = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(edges, fc.array(fc.nat({ max: 50 }), { minLength: 12, maxLength: 12 }), (needs, weights) => {
        const all = chainOf(needs);
        const weight = ({ id }: Node): number => weights[Number(id.slice(1))] ?? 0;
        const priorities = longestRemaining(all, weight);
        for (const { id } of all) expect(priorities.get(id)).toBe(plainPriority(all, id, weight));
      }),
    );
  });

  it('never lets a cell wait behind one that needs it', () => {
    const edges = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(edges, (needs) => {
        const all = chainOf(needs);
        const priorities = longestRemaining(all, () => 1);
        for (const cell of all) {
          for (const need of cell.needs) {
            expect(priorities.get(need)).toBeGreaterThan(priorities.get(cell.id) ?? Infinity);
          }
        }
      }),
    );
  });
});
