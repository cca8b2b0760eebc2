import { fail } from '../../core/failure.ts';
import { activationBoundary } from './ab.ts';
import { attentionTransfer } from './at.ts';
import { correlation } from './cc.ts';
import { contrastive } from './crd.ts';
import { decoupled } from './dkd.ts';
import { fitnet } from './fitnet.ts';
import { solutionFlow } from './fsp.ts';
import { singularValues } from './kdsvd.ts';
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
import { simkd } from './simkd.ts';
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
  KDSVD: singularValues,
  AB: activationBoundary,
  FT: factorTransfer,
  SimKD: simkd,
} satisfies Readonly<Record<string, KdMethod>>;

/**
 * Finds a method.
 *
 * @param name - in the registry, or of a plugin's
 * @param added - methods of plugins, by name
 * @returns the method
 * @throws FailureError `unknown-method`
 */
export function requireMethod(name: string, added: Readonly<Record<string, KdMethod>> = {}): KdMethod {
  const all: Readonly<Record<string, KdMethod>> = { ...methods, ...added };
  const found = Object.hasOwn(all, name) ? all[name] : undefined;
  return (
    found ??
    fail({
      code: 'unknown-method',
      message: `no distillation method is called ${name}`,
      expected: `one of ${Object.keys(all).join(', ')}`,
      fix: 'kdpipe list methods',
    })
  );
}
