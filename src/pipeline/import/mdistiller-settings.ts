import type { JsonObject } from '../../core/json.ts';
import { idle, integers, number, oneOf, type Setting, type Settings } from './settings.ts';

/** A method of mdistiller and its settings, by their paths within its section. */
export interface MethodImport {
  /** Name here. */
  readonly method: string;
  readonly settings: Settings;
  /** What its program does and ours does only where it is told: other blocks than ours compares by default. */
  readonly options?: JsonObject;
  /** What differs without a setting of ours that mends it. */
  readonly differs?: string;
}

/** Networks by mdistiller's names: those of ours that are the same. */
export const NETWORKS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['resnet8', 'resnet14', 'resnet20', 'resnet32', 'resnet44', 'resnet56', 'resnet110', 'resnet8x4', 'resnet32x4']
      .concat(['wrn_16_2', 'wrn_40_1', 'wrn_40_2'])
      .map((name) => [name, name]),
  ),
  vgg8: 'vgg8_bn',
  vgg11: 'vgg11_bn',
  vgg13: 'vgg13_bn',
  ResNet50: 'resnet50_cifar',
  MobileNetV2: 'mobile_half',
  ShuffleV1: 'shuffle_v1',
  ShuffleV2: 'shuffle_v2',
};

/** Settings of every configuration. */
export const COMMON: Settings = {
  'DATASET.TYPE': oneOf([['cifar100']], 'cifar100: its other sets have other networks and recipes'),
  'DATASET.NUM_WORKERS': idle,
  'DATASET.TEST.BATCH_SIZE': idle,
  'EXPERIMENT.PROJECT': idle,
  'EXPERIMENT.NAME': idle,
  'EXPERIMENT.TAG': idle,
  'LOG.TENSORBOARD_FREQ': idle,
  'LOG.SAVE_CHECKPOINT_FREQ': idle,
  'LOG.PREFIX': idle,
  'LOG.WANDB': idle,
  'SOLVER.BATCH_SIZE': number(64, 'batch_size'),
  'SOLVER.EPOCHS': number(240, 'epochs'),
  'SOLVER.LR': number(0.05, 'lr'),
  'SOLVER.LR_DECAY_STAGES': integers([150, 180, 210], 'milestones'),
  'SOLVER.LR_DECAY_RATE': number(0.1, 'step_gamma'),
  'SOLVER.WEIGHT_DECAY': number(1e-4, 'weight_decay'),
  'SOLVER.MOMENTUM': number(0.9, 'momentum'),
  'SOLVER.TYPE': oneOf([['SGD', { optimizer: 'sgd' }]], 'SGD, the only one that mdistiller has'),
  'SOLVER.DOT.DELTA': idle,
};

/** What trains: that of CRD brings its negatives, DOT's has two momenta. */
export const trainerOf = (method: string): Setting =>
  method === 'CRD'
    ? oneOf([['base'], ['crd']], 'base or crd')
    : oneOf([['base']], 'base: kdpipe has one momentum for all gradients');

const ceWeight = (preset: number): Setting => number(preset, 'ce_weight');
const kdWeight = (preset: number): Setting => number(preset, 'kd_weight');
/** Weights of a method that compares features. */
const featureWeights = (weight: number): Settings => ({
  'LOSS.CE_WEIGHT': ceWeight(1),
  'LOSS.FEAT_WEIGHT': kdWeight(weight),
});

const LATER = 'there the first epoch has its part of the climbing weight, here none: it climbs one epoch later';

/** Methods by `DISTILLER.TYPE`; NONE stands for a student alone. Those of the published program, Zhao et al., CVPR 2022. */
export const METHODS: Readonly<Record<string, MethodImport>> = {
  KD: {
    method: 'SoftTarget',
    settings: {
      TEMPERATURE: number(4, 'temperature'),
      'LOSS.CE_WEIGHT': ceWeight(0.1),
      'LOSS.KD_WEIGHT': kdWeight(0.9),
    },
  },
  AT: {
    method: 'AT',
    options: { blocks: 'all' },
    settings: { P: oneOf([[2]], '2: attention is the mean square of the channels'), ...featureWeights(1000) },
  },
  FITNET: {
    method: 'FitNet',
    settings: {
      HINT_LAYER: {
        preset: 2,
        means: (value) =>
          typeof value === 'number' && value >= 1
            ? { with: { blocks: [value] } }
            : { lack: '1 to 4: the stem, which is 0, is no block' },
      },
      INPUT_SIZE: idle,
      ...featureWeights(100),
    },
  },
  KDSVD: {
    method: 'KDSVD',
    options: { svd_form: 'width', blocks: 'all' },
    settings: { K: number(1, 'svd_rank'), ...featureWeights(1) },
  },
  NST: { method: 'NST', options: { blocks: 'all' }, settings: featureWeights(50) },
  PKT: { method: 'PKT', settings: featureWeights(30_000) },
  RKD: {
    method: 'RKD',
    settings: {
      DISTANCE_WEIGHT: number(25, 'rkd_distance'),
      ANGLE_WEIGHT: number(50, 'rkd_angle'),
      'PDIST.EPSILON': idle,
      'PDIST.SQUARED': oneOf([[false]], 'false: distances are Euclidean'),
      ...featureWeights(1),
    },
  },
  SP: {
    method: 'SP',
    options: { sp_norm: 'l2', blocks: 'last' },
    settings: featureWeights(3000),
  },
  VID: {
    method: 'VID',
    options: { blocks: 'all' },
    differs:
      'there the variances stay at INIT_PRED_VAR, as its optimiser does not get them; here they are learned, as in the paper',
    settings: {
      EPS: oneOf([[1e-5]], '1e-5'),
      INIT_PRED_VAR: number(5, 'vid_variance'),
      INPUT_SIZE: idle,
      ...featureWeights(1),
    },
  },
  CRD: {
    method: 'CRD',
    settings: {
      MODE: oneOf(
        [
          ['exact', { crd_sample: 'exact' }],
          ['relax', { crd_sample: 'relax' }],
        ],
        'exact or relax',
      ),
      'FEAT.DIM': number(128, 'crd_dimension'),
      // What the networks have.
      'FEAT.STUDENT_DIM': idle,
      'FEAT.TEACHER_DIM': idle,
      'NCE.K': number(16_384, 'crd_negatives'),
      'NCE.MOMENTUM': number(0.5, 'crd_momentum'),
      'NCE.TEMPERATURE': number(0.07, 'crd_temperature'),
      ...featureWeights(0.8),
    },
  },
  REVIEWKD: {
    method: 'ReviewKD',
    differs: LATER,
    settings: {
      CE_WEIGHT: ceWeight(1),
      REVIEWKD_WEIGHT: kdWeight(1),
      WARMUP_EPOCHS: number(20, 'ramp'),
      // What the networks have.
      SHAPES: idle,
      OUT_SHAPES: idle,
      IN_CHANNELS: idle,
      OUT_CHANNELS: idle,
      // Its program does not read it.
      MAX_MID_CHANNEL: idle,
      STU_PREACT: oneOf([[false]], 'false: students are read behind their ReLUs'),
    },
  },
  DKD: {
    method: 'DKD',
    options: { kd_weight: 1 },
    differs: LATER,
    settings: {
      CE_WEIGHT: ceWeight(1),
      ALPHA: number(1, 'dkd_alpha'),
      BETA: number(8, 'dkd_beta'),
      T: number(4, 'temperature'),
      WARMUP: number(20, 'ramp'),
    },
  },
};

/** Methods without a counterpart. */
export const MISSING: readonly string[] = ['OFD'];
