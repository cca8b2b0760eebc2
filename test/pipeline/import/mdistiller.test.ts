import { describe, expect, it } from 'vitest';
import type { Cell } from '../../../src/core/plan.ts';
import { unwrap } from '../../../src/core/result.ts';
import { importMdistiller } from '../../../src/pipeline/import/mdistiller.ts';
import { METHODS, NETWORKS } from '../../../src/pipeline/import/mdistiller-settings.ts';
import { planPipeline } from '../../../src/pipeline/plan.ts';
import { catalogue } from '../../../src/stages/catalogue.ts';
import { kinds } from '../../../src/stages/registry.ts';

const solver = `SOLVER:
  BATCH_SIZE: 32
  EPOCHS: 60
  LR: 0.02
  LR_DECAY_STAGES: [30, 45]
  LR_DECAY_RATE: 0.2
  WEIGHT_DECAY: 0.0003
  MOMENTUM: 0.8
  TYPE: "SGD"
`;
const distiller = (type: string, teacher = 'resnet32x4', student = 'resnet8x4') =>
  `DISTILLER:\n  TYPE: "${type}"\n  TEACHER: "${teacher}"\n  STUDENT: "${student}"\n`;

const imported = (text: string) => unwrap(importMdistiller({ file: 'theirs.yaml', text }));

function plannedFrom(text: string): readonly Cell[] {
  const pipeline = { file: 'ours.yaml', text: imported(text).text };
  return unwrap(planPipeline(pipeline, { env: {}, overrides: [], kinds, catalogue: catalogue() })).plan.cells;
}

const student = (text: string) => plannedFrom(text).find(({ stage }) => stage === 'student')?.params;

function refused(text: string) {
  const result = importMdistiller({ file: 'theirs.yaml', text });
  if (result.ok) throw new Error('it was imported');
  return result.failures.map(({ code, message, place }) => [code, place?.line, message]);
}

describe('a configuration of mdistiller', () => {
  it('names networks that are ours', () => {
    expect(Object.keys(catalogue()['models'] ?? {})).toEqual(expect.arrayContaining(Object.values(NETWORKS)));
  });

  it('becomes a teacher and a student by the recipe that it says', () => {
    const text = `EXPERIMENT:\n  TAG: "kd,res32x4 res8x4"\n${distiller('KD')}${solver}KD:\n  TEMPERATURE: 2\n`;
    expect(imported(text).text).toMatch(/^name: kd-res32x4-res8x4$/m);
    const cells = plannedFrom(text);
    expect(cells.map(({ stage }) => stage)).toEqual(['images', 'teacher', 'student', 'score', 'score']);
    expect(cells[1]?.params).toMatchObject({ model: 'resnet32x4', lr: 0.05, weight_decay: 5e-4, epochs: 60 });
    expect(student(text)).toMatchObject({
      ...{ model: 'resnet8x4', batch_size: 32, epochs: 60, lr: 0.02, momentum: 0.8, weight_decay: 3e-4 },
      ...{ schedule: 'milestones', milestones: [30, 45], step_gamma: 0.2, optimizer: 'sgd', nesterov: false },
      ...{ crop: 'pad', flip: true, label_smoothing: 0, select: 'last' },
      ...{ kd_method: 'SoftTarget', temperature: 2, kd_weight: 0.9, ce_weight: 0.1 },
    });
  });

  it('has the presets of mdistiller where it says nothing', () => {
    expect(student(distiller('KD'))).toMatchObject({ epochs: 240, lr: 0.05, weight_decay: 1e-4, temperature: 4 });
    expect(student('DISTILLER: { TYPE: NONE }')).toMatchObject({ model: 'resnet32', weight_decay: 1e-4 });
  });

  it.each([
    ['AT', 'LOSS: { FEAT_WEIGHT: 500 }', { kd_method: 'AT', kd_weight: 500, blocks: 'all', at_form: 'code' }],
    ['FITNET', 'HINT_LAYER: 3', { kd_method: 'FitNet', kd_weight: 100, blocks: [3] }],
    ['KDSVD', 'K: 2', { kd_method: 'KDSVD', kd_weight: 1, svd_form: 'width', svd_rank: 2, blocks: 'all' }],
    ['NST', 'LOSS: { CE_WEIGHT: 0.5 }', { kd_method: 'NST', kd_weight: 50, ce_weight: 0.5, blocks: 'all' }],
    ['PKT', 'LOSS: { CE_WEIGHT: 1.0 }', { kd_method: 'PKT', kd_weight: 30_000 }],
    ['RKD', 'ANGLE_WEIGHT: 40', { kd_method: 'RKD', kd_weight: 1, rkd_distance: 25, rkd_angle: 40 }],
    ['SP', 'LOSS: { CE_WEIGHT: 1.0 }', { kd_method: 'SP', kd_weight: 3000, sp_norm: 'l2', blocks: 'last' }],
    ['VID', 'INIT_PRED_VAR: 4.0', { kd_method: 'VID', kd_weight: 1, vid_variance: 4, blocks: 'all' }],
    ['CRD', 'MODE: relax', { kd_method: 'CRD', kd_weight: 0.8, crd_sample: 'relax', crd_negatives: 16_384 }],
    ['REVIEWKD', 'REVIEWKD_WEIGHT: 5.0', { kd_method: 'ReviewKD', kd_weight: 5, review_form: 'code', ramp: 20 }],
    ['DKD', 'BETA: 2.0', { kd_method: 'DKD', kd_weight: 1, dkd_alpha: 1, dkd_beta: 2, temperature: 4, ramp: 20 }],
  ])('has %s with its settings', (type, setting, expected) => {
    expect(student(`${distiller(type)}${type}:\n  ${setting}\n`)).toMatchObject(expected);
  });

  it('can be of each method that has a counterpart', () => {
    for (const type of Object.keys(METHODS))
      expect(student(distiller(type, 'vgg13', 'MobileNetV2')), type).toBeDefined();
  });

  it('is refused line by line where something has no counterpart', () => {
    expect(refused(`${distiller('OFD', 'vgg16', 'vgg8')}SOLVER:\n  TRAINER: dot\n  LR: fast\n  WARMUP: 5\n`)).toEqual([
      ['no-counterpart', 2, 'DISTILLER.TYPE: "OFD" has no counterpart'],
      ['no-counterpart', 6, 'SOLVER.TRAINER: "dot" has no counterpart'],
      ['no-counterpart', 7, 'SOLVER.LR: "fast" has no counterpart'],
      ['unknown-setting', 8, 'SOLVER.WARMUP is no setting that is known here'],
    ]);
    expect(refused(`${distiller('KD', 'vgg16')}DATASET: { TYPE: imagenet }\n`)).toEqual([
      ['no-counterpart', 3, 'DISTILLER.TEACHER: "vgg16" has no counterpart'],
      ['no-counterpart', 5, 'DATASET.TYPE: "imagenet" has no counterpart'],
    ]);
    expect(refused('- a list')).toMatchObject([['not-a-mapping', 1, 'the file holds no mapping']]);
    expect(refused(distiller('constructor'))).toMatchObject([
      ['no-counterpart', 2, 'DISTILLER.TYPE: "constructor" has no counterpart'],
    ]);
  });

  it('is not asked about methods that it does not use, nor about what changes no number', () => {
    expect(student(`${distiller('KD')}AT:\n  P: 3\nLOG:\n  PREFIX: elsewhere\n`)).toMatchObject({
      kd_method: 'SoftTarget',
    });
  });

  it('says what differs all the same', () => {
    expect(imported(distiller('KD')).remarks).toHaveLength(1);
    const { text, remarks } = imported(distiller('VID'));
    expect(remarks[1]).toMatch(/^VID: there the variances stay/);
    expect(text).toContain(`# ${remarks[1]}`);
  });
});
