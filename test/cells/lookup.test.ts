import { describe, expect, it } from 'vitest';
import { CellReference, ReferenceText, type Cell } from '../../src/core/plan.ts';
import type { FindCell } from '../../src/cells/carry.ts';
import { follow, knownNames, lookUp, parameterAt, reachable, type CellIndex } from '../../src/cells/lookup.ts';
import * as axes from '../graph/support/cells.ts';
import { cell, to } from '../report/sample-plan.ts';

/** Indexes cells by id. */
const indexOf = (...cells: readonly Cell[]): CellIndex => new Map(cells.map((one) => [one.id, one]));

describe('looking a name up through a cell', () => {
  it('takes the cell’s own axis before its parameter', () => {
    const own = cell('a', { lr: 1 }, { lr: 2 });
    expect(lookUp(indexOf(own), own, 'lr')).toBe(1);
  });

  it('takes a parameter of its own before anything it refers to', () => {
    const data = cell('data', { lr: 9 });
    const own = cell('a', { of: to('data') }, { lr: 2 });
    expect(lookUp(indexOf(data, own), own, 'lr')).toBe(2);
  });

  it('goes through an axis, and there takes axes before parameters', () => {
    const student = cell('student', { seed: 3 }, { seed: 4, model: 'resnet8' });
    const score = cell('score', { of: to('student') });
    const index = indexOf(student, score);
    expect(lookUp(index, score, 'seed')).toBe(3);
    expect(lookUp(index, score, 'model')).toBe('resnet8');
  });

  it('finds the nearest first: breadth before depth', () => {
    const teacher = cell('teacher', {}, { model: 'resnet50', depth: 50 });
    const student = cell('student', { teacher: to('teacher') }, {});
    const data = cell('data', {}, { model: 'of the data' });
    const score = cell('score', { of: to('student') }, { data: to('data') });
    const index = indexOf(teacher, student, data, score);
    expect(lookUp(index, score, 'model')).toBe('of the data');
    expect(lookUp(index, score, 'depth')).toBe(50);
    expect([...reachable(index, [score])].map(({ id }) => id)).toEqual(['score', 'student', 'data', 'teacher']);
  });

  it('finds cells inside lists, mappings and texts', () => {
    const a = cell('a', { of_a: 1 });
    const b = cell('b', { of_b: 2 });
    const c = cell('c', { of_c: 3 });
    const all = cell(
      'all',
      {},
      {
        list: [1, [to('a')]],
        mapping: { deep: { deeper: to('b') } },
        text: new ReferenceText(['--weights=', to('c', 'weights')]),
      },
    );
    const index = indexOf(a, b, c, all);
    expect(['of_a', 'of_b', 'of_c'].map((name) => lookUp(index, all, name))).toEqual([1, 2, 3]);
  });

  it('gives the reference itself where the value is a cell', () => {
    const student = cell('student', { teacher: to('teacher') });
    const found = lookUp(indexOf(cell('teacher'), student), student, 'teacher');
    expect(found).toBeInstanceOf(CellReference);
  });

  it('finds nothing where nothing has the name', () => {
    const own = cell('a', { seed: 0 }, { of: to('gone') });
    expect(lookUp(indexOf(own), own, 'model')).toBeUndefined();
  });

  it('takes false, 0 and null for values', () => {
    const far = cell('far', { ema: true, seed: 5, weights: 'file' });
    const own = cell('a', { of: to('far') }, { ema: false, seed: 0, weights: null });
    const index = indexOf(far, own);
    expect(['ema', 'seed', 'weights'].map((name) => lookUp(index, own, name))).toEqual([false, 0, null]);
  });

  it('does not take what every object inherits for a name', () => {
    const own = cell('a', {}, { of: to('a') });
    const index = indexOf(own);
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(lookUp(index, own, name)).toBeUndefined();
    }
  });

  it('visits each cell once, however they refer to each other', () => {
    const shared = cell('shared', { seed: 0 });
    const many = Array.from({ length: 50 }, (_, at) => cell(`c${at}`, {}, { data: to('shared') }));
    const all = cell('all', {}, { of: many.map(({ id }) => to(id)) });
    expect([...reachable(indexOf(shared, all, ...many), [all])]).toHaveLength(52);
  });
});

describe('a dotted name', () => {
  const teacher = cell('teacher', {}, { model: 'resnet50', optimizer: { name: 'adamw', betas: [0.9, 0.999] } });
  const student = cell('student', { teacher: to('teacher') }, { model: 'mobilenetv2' });
  const score = cell('score', { of: to('student') });
  const index = indexOf(teacher, student, score);

  it('reaches through a cell', () => {
    expect(lookUp(index, score, 'teacher.model')).toBe('resnet50');
    expect(lookUp(index, score, 'of.model')).toBe('mobilenetv2');
    expect(lookUp(index, score, 'of.teacher.model')).toBe('resnet50');
  });

  it('reaches through each cell of a list, where all have the name', () => {
    const other = cell('other', {}, { model: 'resnet18' });
    const taught = cell('taught', {}, { teacher: [to('teacher'), to('other')] });
    const wider = indexOf(teacher, other, taught);
    expect(lookUp(wider, taught, 'teacher.model')).toEqual(['resnet50', 'resnet18']);
    expect(lookUp(wider, taught, 'teacher.optimizer')).toBeUndefined();
  });

  it('reaches into a mapping', () => {
    expect(lookUp(index, teacher, 'optimizer.name')).toBe('adamw');
    expect(lookUp(index, score, 'teacher.optimizer.name')).toBe('adamw');
  });

  it('finds nothing behind a value that holds nothing', () => {
    expect(lookUp(index, score, 'model.name')).toBeUndefined();
    expect(lookUp(index, score, 'nobody.model')).toBeUndefined();
    expect(lookUp(index, teacher, 'optimizer.nothing.more')).toBeUndefined();
    expect(lookUp(index, teacher, 'optimizer.betas.0')).toBeUndefined();
  });

  it('prefers a name that is written with the dot', () => {
    const dotted = cell('dotted', { 'teacher.model': 'written' }, { teacher: to('teacher') });
    expect(lookUp(indexOf(teacher, dotted), dotted, 'teacher.model')).toBe('written');
  });
});

describe('the known names of a cell', () => {
  it('are its own and those of the cells it refers to, nearest first, each once', () => {
    const data = cell('data', {}, { root: '/data', seed: 0 });
    const own = cell('a', { seed: 1 }, { data: to('data'), lr: 1 });
    expect([...knownNames(indexOf(data, own), [own])]).toEqual(['seed', 'data', 'lr', 'root']);
  });
});

describe('following keys from a value', () => {
  const data = axes.cell('data', {}, { source: 'mnist' });
  const teacher = axes.cell(
    'teacher',
    { model: 'resnet50', seed: 7 },
    { data: axes.to(data, 'data'), epochs: 150, split: { val: 0.2 } },
  );
  const student = axes.cell(
    'student',
    { teacher: axes.to(teacher), seed: 0 },
    { model: 'mobilenetv2', teacher: axes.to(teacher) },
  );
  const score = axes.cell('score', { of: axes.to(student) });
  const cells = axes.planned([data, teacher, student, score]);
  const find: FindCell = (id) => cells.get(id);

  it('gives the value itself for no keys', () => {
    expect(follow(3, [], find)).toBe(3);
  });

  it('looks through a cell: its axes, its parameters, then what it inherited', () => {
    expect(follow(axes.to(student), ['seed'], find)).toBe(0);
    expect(follow(axes.to(student), ['model'], find)).toBe('mobilenetv2');
    expect(follow(axes.to(student), ['epochs'], find)).toBeUndefined();
    expect(follow(axes.to(score), ['seed'], find)).toBe(0);
  });

  it('looks through several cells', () => {
    expect(follow(axes.to(score), ['of', 'teacher', 'model'], find)).toBe('resnet50');
    expect(follow(axes.to(score), ['of', 'teacher', 'data', 'source'], find)).toBe('mnist');
  });

  it('looks into mappings', () => {
    expect(follow(axes.to(teacher), ['split', 'val'], find)).toBe(0.2);
    expect(follow({ a: { b: 1 } }, ['a', 'b'], find)).toBe(1);
  });

  it('gives nothing for keys that only every object has', () => {
    expect(follow(axes.to(teacher), ['constructor'], find)).toBeUndefined();
    expect(follow({ a: 1 }, ['toString'], find)).toBeUndefined();
  });

  it('gives nothing beyond texts, numbers, lists and unknown cells', () => {
    expect(follow('teacher', ['model'], find)).toBeUndefined();
    expect(follow([1], ['0'], find)).toBeUndefined();
    expect(follow(axes.to(axes.cell('gone')), ['model'], find)).toBeUndefined();
  });
});

describe('a parameter at a name', () => {
  const data = cell('data', { source: 'an axis' }, { source: 'mnist' });
  const teacher = cell('teacher', {}, { data: to('data'), split: { val: 0.2 } });
  const other = cell('other', {}, { data: 'path' });
  const student = cell('student', { width: 2 }, { teachers: [to('teacher'), to('other')], lr: 1 });
  const index = indexOf(data, teacher, other, student);
  const at = (name: string) => parameterAt(index, student.params, name);

  it('is one of the cell’s own, or of a cell that it refers to', () => {
    expect(at('lr')).toBe(1);
    expect(at('teachers.0')).toEqual(to('teacher'));
    expect(at('teachers.0.data.source')).toBe('mnist');
    expect(at('teachers.1.data')).toBe('path');
    expect(at('teachers.0.split.val')).toBe(0.2);
  });

  it('is none where there is no such parameter: axes are not asked', () => {
    for (const name of ['width', 'teachers.2', 'teachers.length', 'teachers.data', 'lr.x', 'teachers.0.data.size'])
      expect(at(name)).toBeUndefined();
  });
});
