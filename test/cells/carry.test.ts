import { describe, expect, it } from 'vitest';
import type { Cell } from '../../src/core/plan.ts';
import {
  carriedAxis,
  carriedNames,
  joinToken,
  parentsOf,
  pickedCell,
  type PlannedCell,
} from '../../src/cells/carry.ts';
import { cell, planned, to } from '../graph/support/cells.ts';

const teacher = cell('teacher', { model: 'resnet50', seed: 7 });
const other = cell('teacher', { model: 'resnet18', seed: 8 });
const student = cell('student', { teacher: to(teacher), kd_method: 'MGD', seed: 0 });
const score = cell('score', { of: to(student, 'weights') });

function carrier(target: Cell, among: readonly Cell[] = [teacher, other, student, score]): PlannedCell {
  const found = planned(among.includes(target) ? among : [...among, target]).get(target.id);
  if (!found) throw new Error(`no ${target.id}`);
  return found;
}

describe('carriedAxis', () => {
  it('gives own axes', () => {
    expect(carriedAxis(carrier(student), 'kd_method')).toEqual({ value: 'MGD', via: 'kd_method' });
  });

  it('gives axes of cells on own axes, at any distance, and says through which own axis they came', () => {
    expect(carriedAxis(carrier(score), 'kd_method')).toEqual({ value: 'MGD', via: 'of' });
    expect(carriedAxis(carrier(score), 'model')).toEqual({ value: 'resnet50', via: 'of' });
  });

  it('lets the nearest win', () => {
    expect(carriedAxis(carrier(score), 'seed')).toEqual({ value: 0, via: 'of' });
    expect(carriedAxis(carrier(teacher), 'seed')).toEqual({ value: 7, via: 'seed' });
  });

  it('gives nothing for an axis that no cell has', () => {
    expect(carriedAxis(carrier(score), 'epochs')).toBeUndefined();
    expect(carriedAxis(carrier(score), 'constructor')).toBeUndefined();
  });

  it('gives neither of two values that are equally near', () => {
    const both = cell('compare', { a: to(teacher), b: to(other) });
    expect(carriedAxis(carrier(both), 'seed')).toBeUndefined();
    expect(carriedAxis(carrier(both), 'model')).toBeUndefined();
  });

  it('gives a value on which two equally near cells agree', () => {
    const twin = cell('teacher', { model: 'resnet50', seed: 9 });
    const both = cell('compare', { a: to(teacher), b: to(twin) });
    expect(carriedAxis(carrier(both, [teacher, twin]), 'model')).toEqual({ value: 'resnet50', via: 'a' });
    expect(carriedAxis(carrier(both, [teacher, twin]), 'seed')).toBeUndefined();
  });

  it('prefers a nearer cell on one axis over a farther one on another', () => {
    const mixed = cell('compare', { a: to(score), b: to(other) });
    expect(carriedAxis(carrier(mixed), 'model')).toEqual({ value: 'resnet18', via: 'b' });
  });
});

describe('carriedNames', () => {
  it('lists own axes first, then inherited ones, each once', () => {
    expect(carriedNames(carrier(score))).toEqual(['of', 'teacher', 'kd_method', 'seed', 'model']);
  });

  it('leaves out what equally near cells disagree on', () => {
    const both = cell('compare', { a: to(teacher), b: to(other), x: 1 });
    expect(carriedNames(carrier(both))).toEqual(['a', 'b', 'x']);
  });

  it('is empty for a cell without axes', () => {
    expect(carriedNames(carrier(cell('data')))).toEqual([]);
  });
});

describe('pickedCell', () => {
  it('gives the cell of a stage that was reached through an axis', () => {
    expect(pickedCell(carrier(score), 'student')?.value.cell.id).toBe(student.id);
    expect(pickedCell(carrier(score), 'teacher')).toMatchObject({ value: { cell: { id: teacher.id } }, via: 'of' });
  });

  it('gives nothing for a stage that was not reached', () => {
    expect(pickedCell(carrier(score), 'data')).toBeUndefined();
    expect(pickedCell(carrier(teacher), 'teacher')).toBeUndefined();
  });

  it('gives neither of two cells of one stage that are equally near', () => {
    const both = cell('compare', { a: to(teacher), b: to(other) });
    expect(pickedCell(carrier(both), 'teacher')).toBeUndefined();
  });

  it('gives the nearer of two cells of one stage', () => {
    const mixed = cell('compare', { a: to(score), b: to(other) });
    expect(pickedCell(carrier(mixed), 'teacher')?.value.cell.id).toBe(other.id);
  });
});

describe('parentsOf', () => {
  it('passes over cells that are not known', () => {
    expect(parentsOf({ a: to(teacher) }, () => undefined)).toEqual([]);
  });

  it('finds every cell of a list on one axis', () => {
    const several = cell('ensemble', { teachers: [to(teacher), to(other)] });
    const parents = carrier(several).parents;
    expect(parents.map((parent) => [parent.via, parent.planned.cell.id])).toEqual([
      ['teachers', teacher.id],
      ['teachers', other.id],
    ]);
  });
});

describe('joinToken', () => {
  it('does not mind which output of a cell is named', () => {
    expect(joinToken(to(teacher, 'weights'))).toBe(joinToken(to(teacher)));
  });

  it('tells a text from the cell of that name', () => {
    expect(joinToken('teacher')).not.toBe(joinToken(to(cell('teacher'))));
  });
});
