import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { positiveInteger } from '../../../src/cli/options.ts';
import { fail } from '../../../src/core/failure.ts';
import { askOnTerminal, splitNames, takePreset } from '../../../src/cli/init/answers.ts';
import { epochsFor, proposalFor, sideFor, studySeconds, surveyText } from '../../../src/cli/init/proposal.ts';
import { withRuns } from '../../../src/cli/init/ignore-runs.ts';
import { countWays, ratiosFor, sourceIn, studyText, usualWeight, type Study } from '../../../src/cli/init/study.ts';
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

function planOf(change: Partial<Study>, into = 'results.md'): Plan {
  const text = studyText({ ...study, ...change }, into, '../schema.json');
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

  it.each([
    'true',
    'null',
    'No',
    'y',
    'ü/vögel',
    '7',
    '~',
    '${params.lr}',
    '$${x}',
    'a: b # c',
    "it's",
    '- a',
    '"',
    '鳥',
  ])('takes a folder, a name and a file for what they are called: %s', (name) => {
    const plan = planOf(
      { source: 'image-folder', root: name, name: /^\w+$/.test(name) ? name : 'study' },
      `${name}.md`,
    );
    expect(plan.cells.find(({ kind }) => kind === 'dataset')?.params).toMatchObject({ root: name });
    expect(plan.name).toBe(/^\w+$/.test(name) ? name : 'study');
    expect(plan.tables[0]?.into).toBe(`${name}.md`);
  });

  it.each(Object.keys(methods))('plans with %s, by its usual weight and by ratios', (method) => {
    const usual = studentsOf(planOf({ methods: [method] }));
    expect(usual.map(({ params }) => params['kd_weight'])).toEqual(Array(3).fill(usualWeight(method)));
    const swept = studentsOf(planOf({ methods: [method], ratios: [0.3, 0.7], seeds: 1 }));
    expect(swept.map(({ params }) => params['kd_ratio'])).toEqual(method === 'AT' ? [1000] : [0.3, 0.7]);
  });

  it('suggests weights that others have used, and 1 where none is published for our definition', () => {
    expect(Object.fromEntries(Object.keys(methods).map((method) => [method, usualWeight(method)]))).toEqual({
      ...Object.fromEntries(Object.keys(methods).map((method) => [method, 1])),
      ...{
        SoftTarget: 9,
        LogitStd: 90,
        MLKD: 90,
        CRD: 0.8,
        CC: 0.02,
        AT: 1000,
        SP: 10,
        NST: 50,
        FitNet: 100,
        PKT: 30000,
        ICKD: 2.5,
        FT: 200,
      },
    });
  });

  it('tries of AT only ratios that mean something to it: they are its weight', () => {
    expect(ratiosFor('SoftTarget', [0.5, 0.8])).toEqual([0.5, 0.8]);
    expect(ratiosFor('AT', [0.5, 0.8])).toEqual([1000]);
    expect(ratiosFor('AT', [0.5, 500])).toEqual([500]);
    const mixed = { methods: ['SoftTarget', 'AT'], ratios: [0.5, 0.8], seeds: 1 };
    expect(countWays({ ...study, ...mixed })).toBe(3);
    expect(studentsOf(planOf(mixed)).map(({ params }) => [params['kd_method'], params['kd_ratio']])).toEqual([
      ['SoftTarget', 0.5],
      ['SoftTarget', 0.8],
      ['AT', 1000],
    ]);
  });

  it('compares each student with itself alone', () => {
    const two = planOf({ students: ['resnet8', 'convnet8'] });
    expect(two.tables[0]?.compare?.baseline).toEqual({ kd_method: 'none' });
    expect(planOf({}).tables[0]?.compare?.baseline).toEqual({ model: 'resnet8', kd_method: 'none' });
  });

  it('does not mix a teacher with a student of the same name', () => {
    const { cells } = planOf({ teacher: 'resnet8' });
    expect(cells.filter(({ stage }) => stage === 'score').map(({ id }) => id)).not.toContain('score[of=teacher]');
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
});

describe('what a study is proposed', () => {
  const seen = (images: number, smallest: number, median: number, largest: number) => ({
    images,
    classes: 4,
    side: { smallest, median, largest },
  });

  it.each([
    [seen(360, 24, 36, 64), 32],
    [seen(360, 24, 44, 64), 64],
    [seen(360, 300, 480, 900), 64], // few photographs: what small networks learn in minutes
    [seen(5000, 60, 64, 64), 64],
    [seen(5000, 120, 128, 140), 128],
    [seen(5000, 300, 480, 900), 224],
  ])('has inputs about as large as the images: %j %i', (survey, side) => {
    expect(sideFor(survey)).toBe(side);
  });

  it('has networks for small images where they are small, or few', () => {
    const small = { teacher: 'resnet20', student: 'resnet8', pretrained: false };
    expect(proposalFor('image-folder', null, seen(360, 24, 44, 64))).toEqual({ imageSize: 64, ...small });
    expect(proposalFor('image-folder', null, seen(360, 300, 480, 900))).toEqual({ imageSize: 64, ...small });
    expect(proposalFor('image-folder', 32, seen(5000, 300, 480, 900))).toEqual({ imageSize: 32, ...small });
    expect(proposalFor('cifar-10', null)).toEqual({ imageSize: null, ...small });
    const large = { student: 'mobilenetv2', pretrained: true };
    const photographs = proposalFor('image-folder', null, seen(5000, 300, 480, 900));
    expect(photographs).toEqual({ imageSize: 224, teacher: 'resnet18', ...large });
    expect(proposalFor('cub-200-2011', null)).toEqual({ imageSize: null, teacher: 'resnet50', ...large });
  });

  it('takes as long as its trainings do, the teacher’s passes once a seed', () => {
    const speeds = new Map([
      ['resnet20', { training: 100, frozen: 400 }],
      ['resnet8', { training: 200, frozen: 800 }],
    ]);
    const one = { ...study, seeds: 2, epochs: 10 };
    // 64 images train in each of 10 epochs: 6.4 s for the teacher, 3.2 s for its passes, 19.2 s for 6 students; 7 cells.
    expect(studySeconds(one, 2, 100, speeds)).toBeCloseTo((6.4 + 3.2 + 19.2) * 1.3 + 7 * 1.5, 6);
    expect(studySeconds({ ...one, teacher: 'vgg8_bn' }, 2, 100, speeds)).toBeUndefined();
  });

  it('has as many epochs as there is time for', () => {
    expect(epochsFor(() => undefined)).toBe(30);
    expect(epochsFor((epochs) => epochs)).toBe(60);
    expect(epochsFor((epochs) => epochs * 40)).toBe(20);
    expect(epochsFor((epochs) => epochs * 1000)).toBe(5);
  });

  it('says what was seen of the images', () => {
    expect(surveyText(seen(360, 24, 44, 64))).toBe('360 images of 4 classes, 24 to 64 pixels');
    expect(surveyText(seen(20, 36, 36, 36))).toBe('20 images of 4 classes, 36 pixels');
  });
});

describe('runs/ in .gitignore', () => {
  it.each([
    ['', 'runs/\n'],
    ['*.log\n', '*.log\nruns/\n'],
    ['*.log', '*.log\nruns/\n'],
    ['*.log\r\n', '*.log\r\nruns/\r\n'],
    ['runs/\n*.log', 'runs/\n*.log'],
    ['/runs\n', '/runs\n'],
    ['runs/*\n!runs/.store/\n', 'runs/*\n!runs/.store/\n'],
  ])('%j becomes %j', (before, after) => {
    expect(withRuns(before)).toBe(after);
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

  it('lists what may be answered on ?, and is asked again', async () => {
    const [typed, shown] = [new PassThrough(), new PassThrough()];
    const { ask, close } = askOnTerminal(typed, shown);
    const teacher = ask({ flag: 'teacher', text: 'Teacher?', preset: 'a', choices: ['a', 'b'], parse: String });
    typed.write('?\nb\n');
    expect(await teacher).toBe('b');
    const seeds = ask({ flag: 'seeds', text: 'Seeds?', preset: '3', parse: positiveInteger });
    typed.write('?\n\n');
    expect(await seeds).toBe(3);
    close();
    expect(String(shown.read())).toBe('Teacher? [a] a, b\nTeacher? [a] Seeds? [3] an empty line takes 3\nSeeds? [3] ');
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
