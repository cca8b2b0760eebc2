import { attentionTransfer } from './attention-transfer.ts';
import { decoupled } from './decoupled.ts';
import type { KdMethod } from './kd-method.ts';
import { logitStandardisation } from './logit-standardisation.ts';
import { multiLevel } from './multi-level.ts';
import { neuronSelectivity } from './neuron-selectivity.ts';
import { normalised } from './normalised.ts';
import { probabilistic } from './probabilistic.ts';
import { relational } from './relational.ts';
import { similarity } from './similarity.ts';
import { softTarget } from './soft-target.ts';
import { strongerTeacher } from './stronger-teacher.ts';
import { transformedTeacher, weightedTransformedTeacher } from './transformed-teacher.ts';

/** Distillation methods by the name that `kd_method` takes. */
export const methods = {
  SoftTarget: softTarget,
  AT: attentionTransfer,
  SP: similarity,
  NST: neuronSelectivity,
  PKT: probabilistic,
  RKD: relational,
  DKD: decoupled,
  DIST: strongerTeacher,
  NKD: normalised,
  LogitStd: logitStandardisation,
  TTM: transformedTeacher,
  WTTM: weightedTransformedTeacher,
  MLKD: multiLevel,
} satisfies Readonly<Record<string, KdMethod>>;
