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

  it('has the options of the chosen method alone among its parameters, at their defaults', () => {
    const soft = completedParams(distillStudent, needed);
    expect(soft).toMatchObject({ temperature: 4 });
    const attention = completedParams(distillStudent, { ...needed, kd_method: 'AT' });
    expect(attention).toMatchObject({ at_form: 'code' });
    const ofMethods = Object.values<KdMethod>(methods).flatMap(({ options }) => Object.keys(options));
    expect(Object.keys(soft).filter((name) => ofMethods.includes(name))).toEqual(['temperature']);
    expect(Object.keys(attention).filter((name) => ofMethods.includes(name))).toEqual(['at_form']);
  });

  it('completes each term of a list by its own method, and names them together', () => {
    const { kd_method: _, ...rest } = needed;
    const kd = [
      { method: 'SoftTarget', weight: 1 },
      { method: 'AT', ratio: 100, blocks: [2] },
    ];
    const completed = completedParams(distillStudent, { ...rest, kd });
    expect(completed).toMatchObject({ kd_method: 'SoftTarget+AT' });
    expect(completed['kd']).toEqual([
      { method: 'SoftTarget', weight: 1, temperature: 4 },
      { method: 'AT', ratio: 100, blocks: [2], at_form: 'code' },
    ]);
    expect(completed).not.toHaveProperty('temperature');
  });

  it('says how teachers are averaged only where there are several', () => {
    expect(completedParams(distillStudent, needed)).not.toHaveProperty('teachers_mean');
    const several = { ...needed, teacher: ['t', 'u'] };
    expect(completedParams(distillStudent, several)).toMatchObject({ teachers_mean: 'losses' });
  });

  it('has a second view among its parameters only where there is one, which neither R-Drop nor mixing stands beside', () => {
    expect(completedParams(distillStudent, needed)).not.toHaveProperty('second_view');
    const two = { ...needed, kd_ratio: 0.7, second_view: 'fixmatch' };
    expect(completedParams(distillStudent, two)).toMatchObject({ second_view: 'fixmatch' });
    expect(problems(two)).toEqual([]);
    expect(problems({ ...two, model: 'mobilenetv2', rdrop: true }).map(({ message }) => message)).toEqual([
      'second_view is fixmatch, and rdrop is true: each makes two passes of a batch',
    ]);
    expect(problems({ ...two, mixup: 'cutmix' }).map(({ message }) => message)).toEqual([
      'second_view is fixmatch, and mixup is cutmix: images of two views are not mixed',
    ]);
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
    ['no term', { kd: [] }],
    ['a term without a method', { kd: [{ weight: 1 }] }],
    ['an unknown option of a term', { kd: [{ method: 'AT', weight: 1, norm: 2 }] }],
    ['a term of weight 0', { kd: [{ method: 'AT', weight: 0 }] }],
    ['a negative ramp', { ramp: -1 }],
    ['another mean', { teachers_mean: 'weights' }],
  ])('refuses %s', (_, params) => {
    expect(() => completedParams(distillStudent, { ...needed, ...params })).toThrow();
  });

  it('takes the weight of a method’s own program, and what stands beside it there, where it is not written', () => {
    const weights = (params: JsonObject) => {
      const { kd_weight, ce_weight, ramp } = completedParams(distillStudent, { ...needed, ...params });
      return [kd_weight, ce_weight, ramp];
    };
    expect(weights({ kd_weight: 'published' })).toEqual([0.9, 0.1, 0]);
    expect(weights({ kd_weight: 'published', ce_weight: 1 })).toEqual([0.9, undefined, 0]);
    expect(weights({ kd_method: 'DKD', kd_weight: 'published' })).toEqual([1, undefined, 20]);
    expect(weights({ kd_method: 'DKD', kd_weight: 'published', ramp: 0 })).toEqual([1, undefined, 0]);
    expect(weights({ kd_weight: 2 })).toEqual([2, undefined, 0]);
    expect(problems({ kd_weight: 'published' })).toEqual([]);
    expect(problems({ kd_method: 'MGD', kd_weight: 'published' })).toMatchObject([
      {
        code: 'no-published-weight',
        param: ['kd_weight'],
        message: expect.stringContaining('no weight of MGD') as string,
      },
    ]);
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

  describe('with several terms', () => {
    const { kd_method: _, ...rest } = needed;
    const upstream = { teacher: { model: 'resnet20' } };
    const found = (params: JsonObject) => problemsOf(distillStudent, { ...rest, ...params }, upstream);

    it('takes a list in place of one method, and not both', () => {
      expect(found({ kd: [{ method: 'SoftTarget', ratio: 0.7 }] })).toEqual([]);
      expect(found({})).toMatchObject([{ code: 'missing-param', message: 'neither kd_method nor kd is given' }]);
      expect(problems({ kd: [{ method: 'AT', ratio: 100 }] })).toMatchObject([
        { code: 'conflicting-params', param: ['kd'], message: 'both kd_method and kd are given' },
      ]);
    });

    it('refuses the single form’s weights and options beside the list', () => {
      const kd = [{ method: 'SoftTarget', ratio: 0.7 }];
      expect(found({ kd, kd_ratio: 0.3, temperature: 2 })).toMatchObject([
        { code: 'no-effect', param: ['kd_ratio'], fix: 'write ratio in the items of kd' },
        { code: 'no-effect', param: ['temperature'], fix: 'write temperature in the items of kd' },
      ]);
    });

    it('checks each as it would alone, and says which one is meant', () => {
      const kd = [
        { method: 'SoftTarget', ratio: 0.5, weight: 1, at_form: 'code' },
        { method: 'AT', blocks: [3, 4] },
      ];
      expect(found({ kd })).toMatchObject([
        { code: 'conflicting-params', param: ['kd', 0, 'weight'], message: 'both ratio and weight are given' },
        { param: ['kd', 0, 'at_form'], message: 'at_form would do nothing: SoftTarget does not read it' },
        { code: 'missing-param', param: ['kd', 1, 'method'], message: 'neither ratio nor weight is given' },
        { code: 'no-such-block', param: ['kd', 1, 'blocks'], message: 'resnet8 has no block 4' },
        { code: 'no-such-block', param: ['kd', 1, 'blocks'], message: 'resnet20 has no block 4' },
      ]);
    });
  });

  it('refuses batches of one image for methods that compare images, and for no others', () => {
    for (const [name, { relational }] of Object.entries<KdMethod>(methods)) {
      const found = problems({ kd_method: name, kd_ratio: 0.7, batch_size: 1 }).map(({ code }) => code);
      expect(found).toEqual(relational ? ['batch-too-small'] : []);
    }
  });

  describe('with several teachers', () => {
    const found = (params: JsonObject) =>
      problemsOf(
        distillStudent,
        { ...needed, kd_ratio: 0.7, teacher: ['t', 'u'], ...params },
        { 'teacher.0': { model: 'resnet20' }, 'teacher.1': { model: 'mobilenetv2' } },
      );

    it('looks for blocks in each of them', () => {
      expect(found({ kd_method: 'AT', model: 'mobilenetv2', blocks: [4] })).toMatchObject([
        { code: 'no-such-block', message: 'resnet20 has no block 4' },
      ]);
    });

    it('lets the mean of their logits serve methods that read logits alone', () => {
      expect(found({ teachers_mean: 'logits' })).toEqual([]);
      expect(found({ teachers_mean: 'logits', kd_method: 'AT' })).toMatchObject([
        {
          code: 'not-in-mean',
          param: ['teachers_mean'],
          expected: 'with teachers_mean: logits one of SoftTarget, DKD, DIST, NKD, LogitStd, TTM, WTTM, MLKD',
        },
      ]);
      expect(found({ teachers_mean: 'losses', kd_method: 'AT' })).toEqual([]);
    });

    it('wants at least one, and a mean only of several', () => {
      expect(found({ teacher: [] })).toMatchObject([{ code: 'missing-param', param: ['teacher'] }]);
      expect(problems({ kd_ratio: 0.7, teachers_mean: 'losses' })).toMatchObject([
        { code: 'no-effect', param: ['teachers_mean'] },
      ]);
    });
  });

  it('takes one network for a student that holds a part of it', () => {
    const reused = { ...needed, kd_method: 'SimKD', kd_weight: 'published' };
    expect(completedParams(distillStudent, reused)).toMatchObject({ kd_weight: 1, ce_weight: 0 });
    const found = (params: JsonObject, kind?: string) => {
      const teacher = { model: 'resnet20' };
      return problemsOf(
        distillStudent,
        { ...reused, kd_weight: 1, ...params },
        { teacher, 'teacher.0': teacher },
        kind,
      );
    };
    expect(found({})).toEqual([]);
    const [code, holds] = ['no-part-of-teacher', 'the student of SimKD holds a part of its teacher, and'];
    expect(found({ teacher: ['t'] })).toMatchObject([{ code, message: `${holds} teacher is a list` }]);
    expect(found({}, 'onnx')).toMatchObject([{ code, message: `${holds} an ONNX model is run as a whole` }]);
    const { kd_method: _, ...several } = needed;
    const kd = [1, 2].map((weight) => ({ method: 'SimKD', weight }));
    expect(problemsOf(distillStudent, { ...several, kd }, { teacher: { model: 'resnet20' } })).toMatchObject([
      { code: 'conflicting-params', param: ['kd', 1] },
    ]);
  });

  it('refuses a ramp that would leave nothing to distil', () => {
    expect(problems({ kd_ratio: 0.7, ramp: 2, epochs: 1 })).toMatchObject([{ code: 'no-effect', param: ['ramp'] }]);
    expect(problems({ kd_ratio: 0.7, ramp: 2, epochs: 2 })).toEqual([]);
    expect(problems({ kd_ratio: 0.7, ramp: 0, epochs: 1 })).toEqual([]);
  });
});
