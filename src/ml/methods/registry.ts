import { activationBoundary } from './ab.ts';
import { attentionTransfer } from './at.ts';
import { correlation } from './cc.ts';
import { contrastive } from './crd.ts';
import { decoupled } from './dkd.ts';
import { fitnet } from './fitnet.ts';
import { solutionFlow } from './fsp.ts';
import { factorTransfer } from './ft.ts';
import { interChannel } from './ickd.ts';
import type { KdMethod } from './kd-method.ts';
import { logitStandardisation } from './logit-std.ts';
import { maskedGenerative } from './mgd.ts';
import { multiLevel } from './mlkd.ts';
import { neuronSelectivity } from './nst.ts';
import { normalised } from './nkd.ts';
import { probabilistic } from './pkt.ts';
import { relational } from './rkd.ts';
import { review } from './reviewkd.ts';
import { similarity } from './sp.ts';
import { softTarget } from './soft-target.ts';
import { strongerTeacher } from './dist.ts';
import { transformedTeacher, weightedTransformedTeacher } from './ttm.ts';
import { variational } from './vid.ts';
import { wassersteinFeatures } from './wkd-f.ts';
import { wassersteinLogits } from './wkd-l.ts';

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
  CC: correlation,
  FSP: solutionFlow,
  AB: activationBoundary,
  FT: factorTransfer,
} satisfies Readonly<Record<string, KdMethod>>;
