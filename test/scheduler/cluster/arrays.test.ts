import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../../src/core/plan.ts';
import { planArrays, type PlannedArray } from '../../../src/scheduler/cluster/arrays.ts';
import { cell } from '../fakes.ts';

const options = { largest: 1001, keepGoing: false, cohortOf: () => null, packOf: () => 1 };
const brief = (arrays: readonly PlannedArray[]) =>
  arrays.map(({ name, tasks, after }) => [
    name,
    tasks.map(({ index, cells }) => `${index}: ${cells.map(({ id }) => id).join(' ')}`),
    after.map(({ type, array }) => `${type} ${array}`),
  ]);

describe('arrays of a run', () => {
  it('are one a stage; a task that needs one other waits for that one alone', () => {
    const cells = [
      cell('data'),
      ...[0, 1].map((seed) => cell(`teacher[${seed}]`, { needs: ['data'] })),
      ...[1, 0].map((seed) => cell(`student[${seed}]`, { needs: ['data', `teacher[${seed}]`] })),
      ...[0, 1].map((seed) => cell(`score[${seed}]`, { needs: [`student[${seed}]`] })),
    ];
    expect(brief(planArrays(cells, options))).toEqual([
      ['data', ['0: data'], []],
      ['teacher', ['0: teacher[0]', '1: teacher[1]'], ['afterok data']],
      ['student', ['0: student[0]', '1: student[1]'], ['afterok data', 'aftercorr teacher']],
      ['score', ['0: score[0]', '1: score[1]'], ['aftercorr student']],
    ]);
  });

  it('wait for a whole array where several tasks need the same one, or one needs several', () => {
    const cells = [
      ...['a[0]', 'a[1]'].map((id) => cell(id)),
      ...[0, 1, 2].map((at) => cell(`b[${at}]`, { needs: [`a[${at % 2}]`] })),
      cell('c', { needs: ['a[0]', 'a[1]'] }),
    ];
    expect(brief(planArrays(cells, options)).slice(1)).toEqual([
      ['b', ['0: b[0]', '1: b[1]', '2: b[2]'], ['afterok a']],
      ['c', ['0: c'], ['afterok a']],
    ]);
    expect(brief(planArrays(cells, { ...options, keepGoing: true })).at(-1)).toEqual(['c', ['0: c'], ['afterany a']]);
  });

  it('wait for nothing that has a result already', () => {
    expect(brief(planArrays([cell('b', { needs: ['a'] })], options))).toEqual([['b', ['0: b'], []]]);
  });

  it('are divided by what is asked for, and by what is needed', () => {
    const cells = [
      cell('a'),
      cell('b'),
      cell('s[0]', { needs: ['a'] }),
      cell('s[1]', { needs: ['b'] }),
      cell('s[2]', { needs: ['a'], resources: { gpu: 1 } }),
    ];
    expect(brief(planArrays(cells, options)).slice(2)).toEqual([
      ['s.1', ['0: s[0]'], ['aftercorr a']],
      ['s.2', ['0: s[1]'], ['aftercorr b']],
      ['s.3', ['0: s[2]'], ['aftercorr a']],
    ]);
  });

  it('hold no more than Slurm takes', () => {
    const cells = Array.from({ length: 5 }, (_, at) => cell(`a[${at}]`));
    const next = cells.map(({ id }, at) => cell(`b[${at}]`, { needs: [id] }));
    const arrays = planArrays([...cells, ...next], { ...options, largest: 2 });
    expect(arrays.map(({ name, tasks }) => `${name} ${tasks.length}`)).toEqual([
      ...['a.1 2', 'a.2 2', 'a.3 1', 'b.1 2', 'b.2 2', 'b.3 1'],
    ]);
    expect(arrays[4]?.after).toEqual([{ type: 'aftercorr', array: 'a.2' }]);
  });

  it('run a cohort as one task', () => {
    const cells = ['s[0]', 's[1]', 's[2]'].map((id) => cell(id));
    const cohortOf = ({ id }: Cell) => (id === 's[2]' ? null : 'same');
    expect(brief(planArrays(cells, { ...options, cohortOf }))).toEqual([['s', ['0: s[0] s[1]', '1: s[2]'], []]]);
  });

  it('run as many cells in a task as are packed, and packs of one stage wait for those of another', () => {
    const ids = [0, 1, 2, 3, 4];
    const cells = [
      cell('data'),
      ...ids.map((at) => cell(`t[${at}]`, { needs: ['data'] })),
      ...ids.map((at) => cell(`s[${at}]`, { needs: ['data', `t[${at}]`] })),
    ];
    const packed = { ...options, packOf: (stage: string) => (stage === 'data' ? 1 : 2) };
    expect(brief(planArrays(cells, packed)).slice(1)).toEqual([
      ['t', ['0: t[0] t[1]', '1: t[2] t[3]', '2: t[4]'], ['afterok data']],
      // One that is left over needs what no other one needs.
      ['s', ['0: s[0] s[1]', '1: s[2] s[3]', '2: s[4]'], ['afterok data', 'aftercorr t']],
    ]);
    // One of a pack may fail, and what needs another one runs all the same.
    expect(brief(planArrays(cells, { ...packed, keepGoing: true })).at(-1)?.[2]).toEqual([
      ...['afterany data', 'afterany t'],
    ]);
    const apart = planArrays(cells, { ...packed, packOf: (stage) => (stage === 's' ? 2 : 1) });
    expect(brief(apart).at(-1)).toEqual([
      's',
      ['0: s[0] s[1]', '1: s[2] s[3]', '2: s[4]'],
      ['afterok data', 'afterok t'],
    ]);
  });

  it('hold each cell once, wait for all that it needs, and stay within the limit', () => {
    const stages = fc.array(fc.array(fc.array(fc.nat(30), { maxLength: 3 }), { minLength: 1, maxLength: 8 }), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(stages, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 3 }), (drawn, largest, most) => {
        const cells: Cell[] = [];
        drawn.forEach((of, stage) => {
          const before = [...cells];
          of.forEach((needs, at) => {
            const ids = needs.flatMap((need) => (before.length > 0 ? [before[need % before.length]?.id ?? ''] : []));
            cells.push(cell(`s${stage}[${at}]`, { needs: [...new Set(ids)].sort() }));
          });
        });
        const arrays = planArrays(cells, { ...options, largest, packOf: () => most });
        const spots = new Map(
          arrays.flatMap(({ name, tasks }) =>
            tasks.flatMap(({ index, cells: of }) => of.map(({ id }) => [id, { name, index }] as const)),
          ),
        );
        expect(spots.size).toBe(cells.length);
        for (const { tasks, after, name } of arrays) {
          expect(tasks.length).toBeLessThanOrEqual(largest);
          expect(new Set(tasks.map(({ index }) => index)).size).toBe(tasks.length);
          for (const task of tasks) {
            expect(task.index).toBeLessThan(largest);
            for (const need of task.cells.flatMap(({ needs }) => needs)) {
              const spot = spots.get(need);
              const waits = after.find(({ array }) => array === spot?.name);
              expect(waits, `${name} for ${need}`).toBeDefined();
              if (waits?.type === 'aftercorr') expect(spot?.index).toBe(task.index);
            }
          }
        }
      }),
    );
  });
});
