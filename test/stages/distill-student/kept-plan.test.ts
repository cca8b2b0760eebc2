import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/core/failure.ts';
import { CellReference } from '../../../src/core/plan.ts';
import { planPipeline } from '../../../src/pipeline/plan.ts';
import { cellIndex, rowGroups } from '../../../src/report/rows/rows.ts';
import { catalogue } from '../../../src/stages/catalogue.ts';
import { kinds } from '../../../src/stages/registry.ts';

interface Parts {
  /** Parameters of the student beside data and model. */
  readonly student?: string;
  /** Of the kept logits. */
  readonly splits?: string;
  readonly tta?: string;
  /** What the teacher is trained on, and its logits are of. */
  readonly seen?: string;
}
const FIXED = 'crop: centre, kd_method: SoftTarget, kd_ratio: 0.5, teacher: "${stages.said}"';

/** A teacher whose logits are kept, a student of them, and its evaluation. */
const pipeline = ({
  student = FIXED,
  splits = '[train, val, test]',
  tta = '[none]',
  seen = 'digits',
}: Parts): string => `name: trial
stages:
  digits: { uses: dataset, with: { source: mnist-digits } }
  own: { uses: dataset, with: { source: mnist-digits, mean_std: data } }
  teacher: { uses: train-teacher, with: { data: "\${stages.${seen}}", model: resnet20 } }
  said: { uses: predict, with: { data: "\${stages.${seen}}", of: "\${stages.teacher}", splits: ${splits}, tta: ${tta} } }
  student:
    uses: distill-student
    with: { data: "\${stages.digits}", model: convnet4, ${student} }
  score: { uses: evaluate, with: { data: "\${stages.digits}", of: "\${stages.student}" } }
tables:
  results: { from: score, rows: [model, teacher], columns: [test.accuracy] }
`;
const planned = (parts: Parts = {}) =>
  planPipeline(
    { file: 'trial.yaml', text: pipeline(parts) },
    { kinds, catalogue: catalogue(), env: {}, overrides: [] },
  );
function failures(parts: Parts): readonly Failure[] {
  const plan = planned(parts);
  return plan.ok ? [] : plan.failures;
}

describe('kept logits in the place of a teacher', () => {
  it('are what the student reads, and its evaluation too', () => {
    const plan = planned();
    if (!plan.ok) throw new Error(plan.failures[0]?.message);
    const teachers = ['student', 'score'].map(
      (id) => plan.value.plan.cells.find((cell) => cell.id === id)?.params['teacher'],
    );
    expect(teachers).toEqual([new CellReference('said', 'logits'), new CellReference('said', 'logits')]);
  });

  it('are called in tables after the network that they are of', () => {
    const plan = planned();
    if (!plan.ok) throw new Error(plan.failures[0]?.message);
    const [table] = plan.value.plan.tables;
    const rows = table && rowGroups(cellIndex(plan.value.plan), table);
    expect(rows?.ok && rows.value[0]?.labels.map(({ text }) => text)).toEqual(['convnet4', 'resnet20']);
  });

  it('want images that are the same in every epoch', () => {
    const moving = 'kd_method: SoftTarget, kd_ratio: 0.5, flip: true, mixup: cutmix, teacher: "${stages.said}"';
    expect(failures({ student: moving })).toMatchObject([
      {
        code: 'other-pictures',
        place: { line: 9 },
        message:
          "the teacher's logits are of centre crops, and the student is shown others: crop: random, flip: true, mixup: cutmix",
        expected: 'crop: centre, flip: false, augment: none, second_view: none, random_erasing: 0, mixup: none',
        fix: 'write crop: centre, flip: false, mixup: none, or let teacher be the network itself',
      },
    ]);
    const augmented = `${FIXED}, augment: cutout`;
    expect(failures({ student: augmented })).toMatchObject([
      { fix: expect.stringContaining('augment: none') as string },
    ]);
  });

  it('serve no method that reads more than logits', () => {
    const attention = FIXED.replace('SoftTarget', 'AT');
    expect(failures({ student: attention })).toMatchObject([
      {
        code: 'not-kept',
        message: 'AT reads more of a teacher than its logits, and a predict stage keeps nothing else',
        expected: expect.stringContaining('with a predict stage as teacher one of SoftTarget, DKD') as string,
      },
    ]);
    const relational = '[{ method: SoftTarget, ratio: 0.5 }, { method: RKD, weight: 1 }]';
    const terms = `crop: centre, kd: ${relational}, teacher: ["\${stages.teacher}", "\${stages.said}"]`;
    expect(failures({ student: terms })).toMatchObject([
      { code: 'not-kept', message: expect.stringMatching(/^RKD/) as string },
    ]);
  });

  it('must be those of the training split, as it is', () => {
    const ofTraining = (found: Failure) => found.place?.line === 9;
    expect(failures({ splits: '[val, test]' })).toMatchObject([
      { code: 'no-such-logits', message: "the teacher's logits were not kept for train", place: { line: 9 } },
    ]);
    expect(failures({ tta: '[ten-crop]' }).filter(ofTraining)).toMatchObject([
      { message: "the teacher's logits were not kept for none" },
    ]);
  });

  it('must have what the student’s evaluation reads, or it names the network', () => {
    expect(failures({ splits: '[train]' })).toMatchObject([
      {
        code: 'no-such-logits',
        place: { line: 10 },
        message: "the teacher's logits were not kept for val, test",
        fix: 'add them to splits and tta of the predict stage, or let teacher be the network itself',
      },
    ]);
  });

  it('must be of the very images that the student, and its evaluation, read', () => {
    expect(failures({ seen: 'own' })).toMatchObject([
      {
        code: 'other-images',
        place: { line: 9 },
        message: "the teacher's logits are of own, and this stage reads digits",
        fix: 'give the predict stage the same data',
      },
      { code: 'other-images', place: { line: 10 } },
    ]);
  });
});

describe('a network as a teacher', () => {
  const student = (teacher: string) => `kd_method: SoftTarget, kd_ratio: 0.5, teacher: ${teacher}`;

  it('is shown images that are normalised as those that it was trained on, as far as names tell', () => {
    const refused = {
      code: 'other-normalisation',
      place: { line: 9 },
      message: 'resnet20 is trained on images normalised by mean_std: data, and is shown those of mean_std: imagenet',
    };
    const one = '"${stages.teacher}"';
    expect(failures({ student: student(one), seen: 'own' })).toMatchObject([refused]);
    expect(failures({ student: student(`[${one}]`), seen: 'own' })).toMatchObject([refused]);
    expect(failures({ student: student(one) })).toEqual([]);
  });
});
