import { describe, expect, it } from 'vitest';
import type { FindCell } from '../../src/cells/carry.ts';
import { matches } from '../../src/cells/matches.ts';
import { parseSelector } from '../../src/cells/selector.ts';
import { cell, planned, to } from '../graph/support/cells.ts';

const data = cell('data', {}, { source: 'mnist' });
const teacher = cell(
  'teacher',
  { model: 'resnet50', seed: 7 },
  { data: to(data, 'data'), epochs: 150, split: { val: 0.2 } },
);
const student = cell('student', { teacher: to(teacher), seed: 0 }, { model: 'mobilenetv2', teacher: to(teacher) });
const score = cell('score', { of: to(student) });
const cells = planned([data, teacher, student, score]);
const find: FindCell = (id) => cells.get(id);

describe('matches', () => {
  const does = (target: typeof score, selector: string): boolean => {
    const found = find(target.id);
    return found !== undefined && matches(found, parseSelector(selector)?.selector.conditions ?? [], find);
  };

  it('compares own and inherited axes', () => {
    expect(does(student, 'student[seed=0]')).toBe(true);
    expect(does(score, 'score[seed=0]')).toBe(true);
    expect(does(score, 'score[model=resnet50]')).toBe(true);
    expect(does(score, 'score[model=resnet18]')).toBe(false);
  });

  it('needs all conditions to hold', () => {
    expect(does(score, 'score[seed=0,model=resnet50]')).toBe(true);
    expect(does(score, 'score[seed=1,model=resnet50]')).toBe(false);
  });

  it('looks through cells', () => {
    expect(does(score, 'score[of.model=mobilenetv2]')).toBe(true);
    expect(does(score, 'score[of.teacher.epochs=150]')).toBe(true);
    expect(does(score, 'score[of.teacher.epochs=1]')).toBe(false);
  });

  it('takes a stage, a cell or a selector for a cell on an axis', () => {
    expect(does(score, 'score[of=student]')).toBe(true);
    expect(does(score, `score[of=${student.id}]`)).toBe(true);
    expect(does(score, 'score[of=student[seed=0]]')).toBe(true);
    expect(does(score, 'score[of=student[seed=1]]')).toBe(false);
    expect(does(score, 'score[of=teacher]')).toBe(false);
  });

  it('does not hold for an axis that the cell lacks', () => {
    expect(does(score, 'score[epochs=150]')).toBe(false);
  });
});
