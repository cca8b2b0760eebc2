import { describe, expect, it } from 'vitest';
import { CellReference, ReferenceText, type Cell } from '../../../src/core/plan.ts';
import { knownNames, lookUp, reachable, type CellIndex } from '../../../src/report/rows/lookup.ts';
import { cell, to } from '../sample-plan.ts';

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
    expect([...reachable(index, score)].map(({ id }) => id)).toEqual(['score', 'student', 'data', 'teacher']);
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
    expect([...reachable(indexOf(shared, all, ...many), all)]).toHaveLength(52);
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
    expect(knownNames(indexOf(data, own), own)).toEqual(['seed', 'data', 'lr', 'root']);
  });
});
