import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { positiveInteger } from '../../../src/cli/options.ts';
import { fail } from '../../../src/core/failure.ts';
import { askOnTerminal, splitNames, takePreset } from '../../../src/cli/init/answers.ts';
import { sourceIn, studyText, suggestionFor, usualWeight, type Study } from '../../../src/cli/init/study.ts';
import type { Plan } from '../../../src/core/plan.ts';
import { unwrap } from '../../../src/core/result.ts';
import { methods } from '../../../src/ml/methods/registry.ts';
import { planPipeline } from '../../../src/pipeline/plan.ts';
import { catalogue } from '../../../src/stages/catalogue.ts';
import { kinds } from '../../../src/stages/registry.ts';

const study: Study = {
  ...{ name: 'study', source: 'mnist-digits', root: null, teacher: 'resnet20', students: ['resnet8'] },
  ...{ methods: ['SoftTarget', 'AT'], ratios: [], seeds: 3, epochs: 30, imageSize: null, pretrained: false },
};

function planOf(change: Partial<Study>): Plan {
  const text = studyText({ ...study, ...change }, 'results.md', '../schema.json');
  return unwrap(planPipeline({ file: 's.yaml', text }, { env: {}, overrides: [], kinds, catalogue: catalogue() })).plan;
}

const studentsOf = ({ cells }: Plan) => cells.filter(({ kind }) => kind === 'distill-student');

describe('a new study', () => {
  it('has a teacher, students alone and by each method, as often as there are seeds, and a table of all', () => {
    const { cells, tables } = planOf({ students: ['resnet8', 'convnet8'] });
    const count = (stage: string) => cells.filter((cell) => cell.stage === stage).length;
    expect(['teacher', 'alone', 'student', 'score'].map(count)).toEqual([1, 6, 12, 19]);
    expect(tables[0]).toMatchObject({ name: 'results', into: 'results.md', rows: ['model', 'kd_method', 'kd_weight'] });
    expect(tables[0]?.cells).toHaveLength(19);
  });

  it.each(Object.keys(methods))('plans with %s, by its usual weight and by ratios', (method) => {
    const usual = studentsOf(planOf({ methods: [method] }));
    expect(usual.map(({ params }) => params['kd_weight'])).toEqual(Array(3).fill(usualWeight(method)));
    const swept = studentsOf(planOf({ methods: [method], ratios: [0.3, 0.7], seeds: 1 }));
    expect(swept.map(({ params }) => params['kd_ratio'])).toEqual([0.3, 0.7]);
  });

  it('suggests weights that others have used, and 1 where none is published for our definition', () => {
    expect(Object.fromEntries(Object.keys(methods).map((method) => [method, usualWeight(method)]))).toEqual({
      ...Object.fromEntries(Object.keys(methods).map((method) => [method, 1])),
      ...{
        SoftTarget: 9,
        LogitStd: 9,
        MLKD: 9,
        CRD: 0.8,
        AT: 1000,
        SP: 10,
        NST: 50,
        FitNet: 100,
        PKT: 30000,
        ICKD: 2.5,
      },
    });
  });

  it('starts from published weights where it is told so', () => {
    const plan = planOf({
      source: 'image-folder',
      root: 'my birds',
      teacher: 'resnet50',
      students: ['mobilenetv2'],
      pretrained: true,
    });
    expect(
      plan.cells
        .filter(({ kind }) => kind === 'pretrained')
        .map(({ params }) => params['model'])
        .sort(),
    ).toEqual(['mobilenetv2', 'resnet50']);
    expect(plan.cells.find(({ kind }) => kind === 'dataset')?.params).toMatchObject({ root: 'my birds' });
  });
});

describe('what a folder holds', () => {
  const of = (files: string[], folders: string[]) => sourceIn(files, folders, catalogue()['datasets'] ?? {});
  it.each([
    [['train-images-idx3-ubyte.gz', 'x'], [], 'idx'],
    [['CUB_200_2011.tgz'], ['a', 'b'], 'cub-200-2011'],
    [[], ['CUB_200_2011'], 'cub-200-2011'],
    [['images.txt'], ['images', 'parts'], 'cub-200-2011'],
    [[], ['cifar-10-batches-bin'], 'cifar-10'],
    [['cifar-100-binary.tar.gz'], [], 'cifar-100'],
    [[], ['cats', 'dogs'], 'image-folder'],
    [['a.jpg'], ['cats'], undefined],
  ])('%j and folders %j: %s', (files, folders, source) => {
    expect(of(files, folders)).toBe(source);
  });

  it('tells which networks suit it', () => {
    expect(suggestionFor('cifar-10', null)).toMatchObject({ teacher: 'resnet20', pretrained: false });
    expect(suggestionFor('image-folder', null)).toMatchObject({ teacher: 'resnet50', pretrained: true });
    expect(suggestionFor('image-folder', 64)).toMatchObject({ student: 'resnet8', pretrained: false });
  });
});

describe('a question', () => {
  it('shows what an empty answer means, and takes what is typed', async () => {
    const [typed, shown] = [new PassThrough(), new PassThrough()];
    const { ask, close } = askOnTerminal(typed, shown);
    const first = ask({ flag: 'teacher', text: 'Teacher?', preset: 'resnet20', parse: String });
    typed.write('resnet56\n');
    expect(await first).toBe('resnet56');
    const second = ask({ flag: 'seeds', text: 'Seeds?', preset: '3', parse: positiveInteger });
    typed.write('\n');
    expect(await second).toBe(3);
    typed.end();
    await expect(ask({ flag: 'epochs', text: 'Epochs?', preset: '30', parse: positiveInteger })).rejects.toThrow(
      'the input ended',
    );
    close();
    expect(String(shown.read())).toBe('Teacher? [resnet20] Seeds? [3] Epochs? [30] ');
    expect(await takePreset({ flag: 'seeds', text: 'Seeds?', preset: '3', parse: positiveInteger })).toBe(3);
  });

  it('is asked again after a wrong answer, which is explained; what no answer can cause is thrown', async () => {
    const [typed, shown] = [new PassThrough(), new PassThrough()];
    const { ask, close } = askOnTerminal(typed, shown);
    const seeds = ask({ flag: 'seeds', text: 'Seeds?', preset: '3', parse: positiveInteger });
    typed.write('two\n2\n');
    expect(await seeds).toBe(2);
    expect(String(shown.read())).toBe('Seeds? [3] expected a whole number of at least 1\nSeeds? [3] ');
    const model = (name: string) =>
      name === 'resnet8' ? name : fail({ code: 'x', message: 'no model', fix: 'resnet8' });
    const student = ask({ flag: 'student', text: 'Student?', preset: 'resnet', parse: model });
    typed.write('\nresnet8\n');
    expect(await student).toBe('resnet8');
    expect(String(shown.read())).toBe('Student? [resnet] no model; resnet8\nStudent? [resnet] ');
    const broken = ask({
      flag: 'x',
      text: 'X?',
      preset: '',
      parse: () => {
        throw new RangeError('a bug');
      },
    });
    typed.write('x\n');
    await expect(broken).rejects.toThrow('a bug');
    close();
  });

  it('may be answered by several names', () => {
    expect(splitNames(' AT, SP  MGD,')).toEqual(['AT', 'SP', 'MGD']);
  });
});
