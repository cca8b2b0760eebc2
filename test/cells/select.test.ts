import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../src/core/plan.ts';
import { findCells, selectCells, type Selection } from '../../src/cells/select.ts';
import { cell, to } from '../graph/support/cells.ts';

const data = cell('data');
const teachers = ['a', 'b'].map((model) => cell('teacher', { model }, { data: to(data) }));
const students = teachers.flatMap((teacher) => [0, 1].map((seed) => cell('student', { teacher: to(teacher), seed })));
const scores = students.map((student) => cell('score', { of: to(student) }, { data: to(data) }));
const cells: readonly Cell[] = [data, ...teachers, ...students, ...scores];

const selected = (selection: Selection, among: readonly Cell[] = cells): string[] => {
  const result = selectCells(among, selection);
  if (!result.ok) throw new Error(result.failures[0]?.message ?? '');
  return among.map(({ id }) => id).filter((id) => result.value.has(id));
};

const idsOf = (list: readonly Cell[]): string[] => list.map(({ id }) => id);

describe('selectCells', () => {
  it('keeps everything when nothing was asked', () => {
    expect(selected({})).toEqual(idsOf(cells));
  });

  it('keeps exactly the named cells with --only', () => {
    expect(selected({ only: ['teacher'] })).toEqual(idsOf(teachers));
    expect(selected({ only: ['teacher[model=a]'] })).toEqual(['teacher[model=a]']);
  });

  it('reads values as they are meant', () => {
    const result = selectCells(cells, { only: ['teacher[model=A]'] }, (name, value) =>
      name === 'model' && value === 'A' ? 'a' : value,
    );
    expect(result).toMatchObject({ ok: true, value: new Set(['teacher[model=a]']) });
  });

  it('keeps the named cells and what depends on them with --from', () => {
    expect(selected({ from: ['teacher[model=b]'] })).toEqual([
      'teacher[model=b]',
      ...idsOf(students.slice(2)),
      ...idsOf(scores.slice(2)),
    ]);
  });

  it('keeps the named cells and what they need with --to', () => {
    expect(selected({ to: ['student[teacher=teacher[model=a],seed=1]'] })).toEqual([
      'data',
      'teacher[model=a]',
      'student[teacher=teacher[model=a],seed=1]',
    ]);
  });

  it('keeps the part between --from and --to', () => {
    expect(selected({ from: ['teacher[model=a]'], to: ['student'] })).toEqual([
      'teacher[model=a]',
      ...idsOf(students.slice(0, 2)),
    ]);
  });

  it('adds several selectors of one option up', () => {
    expect(selected({ only: ['data', 'teacher[model=b]'] })).toEqual(['data', 'teacher[model=b]']);
  });

  it('names cells by an axis that they inherited', () => {
    expect(selected({ only: ['score[seed=0]'] })).toEqual([scores[0]?.id, scores[2]?.id]);
    expect(selected({ only: ['score[model=b,seed=1]'] })).toEqual([scores[3]?.id]);
  });

  it('takes the id of a cell for exactly that cell, even when it is a part of another', () => {
    const short = cell('s', { a: 1 });
    const long = cell('s', { a: 1, b: 2 });
    expect(selected({ only: ['s[a=1]'] }, [short, long])).toEqual(['s[a=1]']);
    expect(selected({ only: ['s[b=2]'] }, [short, long])).toEqual(['s[a=1,b=2]']);
  });

  it('says which stage was meant when there is none of that name', () => {
    const result = selectCells(cells, { only: ['techer'] });
    expect(result).toEqual({
      ok: false,
      failures: [{ code: 'unknown-stage', message: 'there is no stage "techer"', fix: 'did you mean teacher?' }],
    });
  });

  it.each<[string, string, string | undefined]>([
    ['student[model=A]', 'none has model=A', 'did you mean a?'],
    ['student[modle=a]', 'none has an axis modle', 'did you mean model?'],
    [
      'student[teacher=teacher[model=c]]',
      'none has teacher=teacher[model=c]',
      'did you mean teacher[model=a] or teacher[model=b]?',
    ],
    ['student[teacher.model=c]', 'none has teacher.model=c', 'known: a or b'],
    ['student[seed=2]', 'none has seed=2', 'known: 0 or 1'],
    ['score[model=a,of.teacher.model=b]', 'each of its values is there, but no cell has them together', undefined],
  ])('says why %s matches nothing, and what was likely meant', (only, reason, fix) => {
    const result = selectCells(cells, { only: [only] });
    expect(result.ok ? [] : result.failures).toMatchObject([
      { code: 'no-cell', message: `no cell matches ${only}: ${reason}`, ...(fix === undefined ? {} : { fix }) },
    ]);
  });

  it('shows some cells when none agrees', () => {
    const result = selectCells(cells, { to: ['teacher[model=c]'] });
    expect(result).toEqual({
      ok: false,
      failures: [
        {
          code: 'no-cell',
          message: 'no cell matches teacher[model=c]: none has model=c',
          expected: 'for instance teacher[model=a] or teacher[model=b]',
          fix: 'known: a or b',
        },
      ],
    });
  });

  it('reports every wrong selector of every option', () => {
    const result = selectCells(cells, { only: ['x'], from: ['student[', 'y'], to: ['z'] });
    expect(result.ok ? [] : result.failures.map(({ code }) => code)).toEqual([
      'unknown-stage',
      'bad-selector',
      'unknown-stage',
      'unknown-stage',
    ]);
  });

  it('keeps, with --to, all needs of every kept cell; with --from, all that need one', () => {
    fc.assert(
      fc.property(fc.subarray(idsOf(cells), { minLength: 1 }), (chosen) => {
        const upward = new Set(selected({ to: chosen }));
        for (const { id, needs } of cells) if (upward.has(id)) for (const need of needs) expect(upward).toContain(need);
        const downward = new Set(selected({ from: chosen }));
        for (const { id, needs } of cells) if (needs.some((need) => downward.has(need))) expect(downward).toContain(id);
        for (const id of chosen) expect(upward.has(id) && downward.has(id)).toBe(true);
      }),
    );
  });

  it('finds every cell by its own id', () => {
    for (const { id } of cells) expect(selected({ only: [id] })).toEqual([id]);
  });
});

describe('cellsNamed', () => {
  it('gives the ids that selectors name', () => {
    const result = findCells(cells, ['teacher', 'data']);
    expect(result.ok && [...result.value].sort()).toEqual(['data', 'teacher[model=a]', 'teacher[model=b]']);
  });
});
