import { describe, expect, it } from 'vitest';
import { agrees, reach, type FindCell } from '../../src/cells/reach.ts';
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

describe('reach', () => {
  it('gives the value itself for no keys', () => {
    expect(reach(3, [], find)).toBe(3);
  });

  it('looks through a cell: its axes, its parameters, then what it inherited', () => {
    expect(reach(to(student), ['seed'], find)).toBe(0);
    expect(reach(to(student), ['model'], find)).toBe('mobilenetv2');
    expect(reach(to(student), ['epochs'], find)).toBeUndefined();
    expect(reach(to(score), ['seed'], find)).toBe(0);
  });

  it('looks through several cells', () => {
    expect(reach(to(score), ['of', 'teacher', 'model'], find)).toBe('resnet50');
    expect(reach(to(score), ['of', 'teacher', 'data', 'source'], find)).toBe('mnist');
  });

  it('looks into mappings', () => {
    expect(reach(to(teacher), ['split', 'val'], find)).toBe(0.2);
    expect(reach({ a: { b: 1 } }, ['a', 'b'], find)).toBe(1);
  });

  it('gives nothing for keys that only every object has', () => {
    expect(reach(to(teacher), ['constructor'], find)).toBeUndefined();
    expect(reach({ a: 1 }, ['toString'], find)).toBeUndefined();
  });

  it('gives nothing beyond texts, numbers, lists and unknown cells', () => {
    expect(reach('teacher', ['model'], find)).toBeUndefined();
    expect(reach([1], ['0'], find)).toBeUndefined();
    expect(reach(to(cell('gone')), ['model'], find)).toBeUndefined();
  });
});

describe('agrees', () => {
  const does = (target: typeof score, selector: string): boolean => {
    const found = find(target.id);
    return found !== undefined && agrees(found, parseSelector(selector)?.selector.conditions ?? [], find);
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
