import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import type { KdMethod } from '../../../src/ml/methods/kd-method.ts';
import { methods } from '../../../src/ml/methods/registry.ts';
import { catalogue } from '../../../src/stages/catalogue.ts';
import { distillStudent } from '../../../src/stages/distill-student/kind.ts';
import { kinds } from '../../../src/stages/registry.ts';
import { trainTeacher } from '../../../src/stages/train-teacher/kind.ts';
import { problemsOf } from '../../support/kind-rules.ts';
import { completedParams } from '../../support/stage-workshop.ts';

const needed = { data: 'd', model: 'resnet8', teacher: 't', kd_method: 'SoftTarget' };
const problems = (params: JsonObject) =>
  problemsOf(distillStudent, { ...needed, ...params }, { teacher: { model: 'resnet20' } });

describe('the distill-student kind', () => {
  it('is registered under its own name and loads what runs it', async () => {
    expect(kinds['distill-student']).toBe(distillStudent);
    expect(distillStudent.name).toBe('distill-student');
    expect((await distillStudent.load()).run).toBeTypeOf('function');
  });

  it('has the whole recipe of ordinary training, and its rules', () => {
    for (const [name, schema] of Object.entries(trainTeacher.params)) expect(distillStudent.params[name]).toBe(schema);
    expect(problems({ kd_ratio: 0.7, warmup_ratio: 0.1 })[0]).toMatchObject({ param: ['warmup_ratio'] });
  });

  it.each(Object.entries(methods as Readonly<Record<string, KdMethod>>))(
    'offers the options that %s declares, with its defaults',
    (name, { options }) => {
      for (const [option, schema] of Object.entries(options)) expect(distillStudent.params[option]).toEqual(schema);
      expect(catalogue()['methods']?.[name]?.['options']).toEqual(options);
    },
  );

  it('has options of equal names mean the same in all methods', () => {
    const seen = new Map<string, unknown>();
    for (const { options } of Object.values<KdMethod>(methods))
      for (const [option, schema] of Object.entries(options)) {
        expect(seen.get(option) ?? schema).toEqual(schema);
        seen.set(option, schema);
      }
  });

  it('gives soft targets a temperature of 4 and AT its authors’ form', () => {
    expect(completedParams(distillStudent, needed)).toMatchObject({ temperature: 4, at_form: 'code' });
    expect(completedParams(distillStudent, needed)).not.toHaveProperty('blocks');
  });

  it.each<[string, JsonObject]>([
    ['a ratio of 0', { kd_ratio: 0 }],
    ['a negative ratio', { kd_ratio: -0.5 }],
    ['a weight of 0', { kd_weight: 0 }],
    ['a temperature of 0', { temperature: 0 }],
    ['an unknown method', { kd_method: 'Hinton' }],
    ['a fifth block', { kd_method: 'AT', blocks: [5] }],
    ['no block', { kd_method: 'AT', blocks: [] }],
    ['the same block twice', { kd_method: 'AT', blocks: [3, 3] }],
    ['a form that is none', { kd_method: 'AT', at_form: 'thesis' }],
  ])('refuses %s', (_, params) => {
    expect(() => completedParams(distillStudent, { ...needed, ...params })).toThrow();
  });

  it('wants exactly one of kd_ratio and kd_weight', () => {
    expect(problems({})).toMatchObject([{ code: 'missing-param', message: 'neither kd_ratio nor kd_weight is given' }]);
    expect(problems({ kd_ratio: 0.7, kd_weight: 2 })).toMatchObject([
      { code: 'conflicting-params', param: ['kd_weight'] },
    ]);
    expect(problems({ kd_weight: 2 })).toEqual([]);
    expect(problems({ kd_ratio: 0.7 })).toEqual([]);
  });

  it('refuses to say whether R-Drop acts where there is none', () => {
    expect(problems({ kd_ratio: 0.7, rdrop_distilling: false })).toMatchObject([
      { code: 'no-effect', param: ['rdrop_distilling'] },
    ]);
    const dropped = { model: 'mobilenetv2', kd_ratio: 0.7, rdrop: true };
    expect(problems({ ...dropped, rdrop_distilling: false })).toEqual([]);
  });

  it('refuses options of other methods', () => {
    expect(problems({ kd_method: 'AT', kd_ratio: 100, temperature: 2 })).toMatchObject([
      { code: 'no-effect', param: ['temperature'], message: 'temperature would do nothing: AT does not read it' },
    ]);
    expect(problems({ kd_ratio: 0.7, blocks: [2, 3], at_form: 'paper' }).map(({ param }) => param)).toEqual([
      ['blocks'],
      ['at_form'],
    ]);
    expect(problems({ kd_ratio: 0.7, temperature: 2 })).toEqual([]);
  });

  it('refuses blocks that student or teacher lack, naming those that there are', () => {
    const [ofStudent, ofTeacher, ...others] = problems({ kd_method: 'AT', kd_ratio: 100, blocks: [3, 4] });
    expect(others).toEqual([]);
    expect(ofStudent).toMatchObject({
      code: 'no-such-block',
      message: 'resnet8 has no block 4',
      expected: 'blocks among 1, 2, 3',
    });
    expect(ofTeacher).toMatchObject({
      message: 'resnet20 has no block 4',
      fix: expect.stringContaining('blocks: [2, 3]') as string,
    });
    expect(problems({ kd_method: 'AT', kd_ratio: 100, blocks: [1, 3] })).toEqual([]);
  });
});
