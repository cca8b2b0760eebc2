import type { EngineName } from '../../../src/ml/engines/registry.ts';

const taught = (more: string) =>
  `{ uses: distill-student, with: { data: '\${stages.digits}', teacher: '\${stages.teacher}', model: convnet4, ${more} } }`;
const alone = (more: string) =>
  `{ uses: train-teacher, with: { data: '\${stages.digits}', model: convnet8, ${more} } }`;

/** One training for each thing that a checkpoint has to keep. */
const recipes = {
  adamw: alone('optimizer: adamw, ema: true, warmup: true, warmup_ratio: 0.3'),
  sgd: alone('optimizer: sgd, lr: 0.05, ema: true'),
  rmsprop: alone('optimizer: rmsprop, lr: 0.001, select: last'),
  rdrop: alone('rdrop: true, dropout: 0.3, select: val.loss'),
  mixed: alone('mixup: mixup, augment: autoaugment, flip: true, class_balance: true'),
  fitnet: taught('kd_method: FitNet, kd_ratio: 0.5, optimizer: sgd'),
  vid: taught('kd_method: VID, kd_ratio: 0.5'),
  crd: taught('kd_method: CRD, kd_ratio: 0.5, crd_dimension: 8, ema: true'),
  several: taught('kd: [{ method: SoftTarget, ratio: 0.5 }, { method: MGD, ratio: 0.3 }], ramp: 4'),
};

/** Three students that learn beside each other in one process. */
const cohort = `
  cohort:
    uses: distill-student
    matrix: { kd_ratio: [0.3, 0.6, 0.9] }
    with: { data: '\${stages.digits}', teacher: '\${stages.teacher}', model: convnet4, kd_method: SoftTarget, mixup: mixup }`;

/**
 * A project that trains every recipe.
 *
 * @param engine - what trains
 * @returns its files
 */
export const projectOf = (engine: EngineName): Readonly<Record<string, string>> => ({
  'README.md': '',
  'study.yaml': `name: study
defaults:
  train-teacher: { batch_size: 16, epochs: 10, lr: 0.01, engine: ${engine} }
  distill-student: { batch_size: 16, epochs: 10, lr: 0.01, engine: ${engine} }
stages:
  digits: { uses: dataset, with: { source: mnist-digits, limit: { train: 100, val: 32, test: 10 }, mean_std: data } }
  teacher: ${alone('epochs: 3')}
${Object.entries(recipes)
  .map(([name, stage]) => `  ${name}: ${stage}`)
  .join('\n')}${cohort}
`,
});
