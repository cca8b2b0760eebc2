import { attentionTransfer } from './attention-transfer.ts';
import { contrastive } from './contrastive.ts';
import { decoupled } from './decoupled.ts';
import { fitnet } from './fitnet.ts';
import { interChannel } from './inter-channel.ts';
import type { KdMethod } from './kd-method.ts';
import { logitStandardisation } from './logit-standardisation.ts';
import { maskedGenerative } from './masked-generative.ts';
import { multiLevel } from './multi-level.ts';
import { neuronSelectivity } from './neuron-selectivity.ts';
import { normalised } from './normalised.ts';
import { probabilistic } from './probabilistic.ts';
import { relational } from './relational.ts';
import { review } from './review.ts';
import { similarity } from './similarity.ts';
import { softTarget } from './soft-target.ts';
import { strongerTeacher } from './stronger-teacher.ts';
import { transformedTeacher, weightedTransformedTeacher } from './transformed-teacher.ts';
import { variational } from './variational.ts';
import { wassersteinFeatures } from './wasserstein-features.ts';
import { wassersteinLogits } from './wasserstein-logits.ts';

/** Distillation methods by the name that `kd_method` takes. */
export const methods = {
  SoftTarget: softTarget,
  MGD: maskedGenerative,
  SP: similarity,
  AT: attentionTransfer,
  FitNet: fitnet,
  NST: neuronSelectivity,
  PKT: probabilistic,
  RKD: relational,
  VID: variational,
  DKD: decoupled,
  DIST: strongerTeacher,
  NKD: normalised,
  LogitStd: logitStandardisation,
  ReviewKD: review,
  TTM: transformedTeacher,
  WTTM: weightedTransformedTeacher,
  CRD: contrastive,
  MLKD: multiLevel,
  'WKD-L': wassersteinLogits,
  'WKD-F': wassersteinFeatures,
  ICKD: interChannel,
} satisfies Readonly<Record<string, KdMethod>>;
