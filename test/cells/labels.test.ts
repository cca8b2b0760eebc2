import { describe, expect, it } from 'vitest';
import { ReferenceText, type Value } from '../../src/core/plan.ts';
import { cellLabels, identity, plainJson, valueText } from '../../src/cells/labels.ts';
import { FactorIndex } from '../../src/cells/factors.ts';
import { cell, to } from '../report/sample-plan.ts';

describe('a value as JSON', () => {
  it('is itself, without references', () => {
    const value = { a: [1, 'x', null, true] };
    expect(plainJson(value)).toEqual(value);
    expect(plainJson(undefined)).toBeNull();
  });

  it('names the cells that it refers to', () => {
    expect(plainJson(to('teacher'))).toBe('teacher');
    expect(plainJson(to('teacher', 'weights'))).toBe('teacher.weights');
    expect(plainJson([to('a'), { b: to('b', 'log') }])).toEqual(['a', { b: 'b.log' }]);
    expect(plainJson(new ReferenceText(['--from=', to('a', 'weights'), ' now']))).toBe('--from=a.weights now');
  });
});

describe('a value as text', () => {
  it.each<[Value | undefined, string]>([
    [undefined, 'none'],
    [null, 'none'],
    ['MGD', 'MGD'],
    ['', ''],
    [0, '0'],
    [0.7, '0.7'],
    [1e-4, '0.0001'],
    [100, '100'],
    [true, 'true'],
    [false, 'false'],
    [[3, 4], '[3, 4]'],
    [['a', null], '[a, none]'],
    [{ T: 4 }, '{"T":4}'],
    [to('teacher'), 'teacher'],
    [to('teacher', 'weights'), 'teacher.weights'],
    [new ReferenceText(['x=', to('a')]), 'x=a'],
  ])('writes %j as %s', (value, text) => {
    expect(valueText(value)).toBe(text);
  });

  it('calls cells by their short names, in lists too', () => {
    const labels = new Map([['teacher[model=resnet50]', 'resnet50']]);
    expect(valueText(to('teacher[model=resnet50]'), labels)).toBe('resnet50');
    expect(valueText([to('teacher[model=resnet50]'), to('other')], labels)).toBe('resnet50 + other');
    expect(valueText([to('teacher[model=resnet50]'), 3], labels)).toBe('[resnet50, 3]');
  });
});

describe('the identity of a value', () => {
  it('tells apart what looks the same', () => {
    const alike: readonly (Value | undefined)[] = [
      1,
      '1',
      true,
      'true',
      null,
      'null',
      'none',
      'a',
      to('a'),
      ['a'],
      '["a"]',
    ];
    expect(new Set(alike.map(identity)).size).toBe(alike.length);
  });

  it('is the same for equal values, and for null and nothing', () => {
    expect(identity([1, { a: 2 }])).toBe(identity([1, { a: 2 }]));
    expect(identity(to('a', 'weights'))).toBe(identity(to('a', 'weights')));
    expect(identity(null)).toBe(identity(undefined));
  });
});

describe('short names of cells', () => {
  const resnet50 = cell('teacher[model=resnet50]', { model: 'resnet50' });
  const ghostnet = cell('teacher[model=ghostnet]', { model: 'ghostnet' });
  const again = cell('teacher[model=resnet50,width=1]', { model: 'resnet50', width: 1 });
  const data = cell('birds', {}, { root: '/birds' });
  const behind = cell('converted', {}, { of: to('teacher[model=ghostnet]') });
  const index = new Map([resnet50, ghostnet, again, data, behind].map((one) => [one.id, one]));

  const labelsOf = (values: readonly (Value | undefined)[]) => cellLabels(index, values, new FactorIndex(index));

  it('are models, where each model is one cell', () => {
    expect([...labelsOf([to(resnet50.id), to(ghostnet.id), to(resnet50.id)])]).toEqual([
      [resnet50.id, 'resnet50'],
      [ghostnet.id, 'ghostnet'],
    ]);
  });

  it('are not given where two cells share a model', () => {
    expect([...labelsOf([to(resnet50.id), to(again.id), to(ghostnet.id)])]).toEqual([[ghostnet.id, 'ghostnet']]);
  });

  it('are given to the members of a list, and count there', () => {
    const both = [to(resnet50.id), to(ghostnet.id)];
    expect(valueText(both, labelsOf([both]))).toBe('resnet50 + ghostnet');
    expect([...labelsOf([both, to(again.id)]).keys()]).toEqual([ghostnet.id]);
  });

  it('come from the cell behind, too', () => {
    expect(labelsOf([to(behind.id)]).get(behind.id)).toBe('ghostnet');
  });

  it('are not given to cells without a model, nor to other values', () => {
    expect(labelsOf([to(data.id), to('unknown'), 'text', 1, undefined]).size).toBe(0);
  });
});
