import type { JsonObject } from '../../src/core/json.ts';
import type { KdMethod } from '../../src/ml/methods/kd-method.ts';
import { methods } from '../../src/ml/methods/registry.ts';
import { evaluate, referenceTap } from './kd-evaluation.ts';
import { largestDifference, lossReference, toChannelsLast } from './loss-reference.ts';

/** A method's term as a sum of terms of the reference file, each with a factor. */
export interface TermRow {
  readonly method: KdMethod;
  readonly options?: JsonObject;
  readonly tap: string;
  readonly student: string;
  readonly teacher: string;
  readonly terms: Readonly<Record<string, number>>;
}

const logits = { tap: 'logits', student: 'S', teacher: 'T' };
const maps = { tap: 'block3', student: 'FS', teacher: 'FT' };
const vectors = { tap: 'pooled', student: 'VS', teacher: 'VT' };

const { SoftTarget, AT, SP, NST, PKT, RKD, DKD, DIST, NKD, LogitStd, TTM, WTTM, MLKD, MGD, FitNet, ICKD } = methods;
const { 'WKD-F': WKDF, ReviewKD } = methods;
const distOf = (temperature: number, beta: number, gamma: number) => ({
  temperature,
  dist_beta: beta,
  dist_gamma: gamma,
});

/** Every term that the reference file has, as a method gives it. */
export const termRows: readonly TermRow[] = [
  { method: SoftTarget, ...logits, terms: { soft_target_T4: 1 } },
  { method: SoftTarget, options: { temperature: 1 }, ...logits, terms: { soft_target_T1: 1 } },
  { method: AT, ...maps, terms: { at_code: 1 } },
  { method: AT, options: { at_form: 'paper' }, ...maps, terms: { at_paper: 1 } },
  { method: AT, ...maps, student: 'FS4', terms: { at_code_pooled: 1 } },
  { method: SP, ...maps, terms: { sp_l1: 1 } },
  { method: SP, options: { sp_norm: 'l2' }, ...maps, terms: { sp_l2: 1 } },
  { method: NST, ...maps, terms: { nst: 1 } },
  { method: PKT, ...vectors, terms: { pkt: 1 } },
  { method: RKD, options: { rkd_distance: 1, rkd_angle: 0 }, ...vectors, terms: { rkd_distance: 1 } },
  { method: RKD, options: { rkd_distance: 0, rkd_angle: 1 }, ...vectors, terms: { rkd_angle: 1 } },
  { method: RKD, ...vectors, terms: { rkd: 1 } },
  { method: DKD, options: { dkd_beta: 0 }, ...logits, terms: { dkd_target: 1 } },
  { method: DKD, options: { dkd_alpha: 0, dkd_beta: 1 }, ...logits, terms: { dkd_other: 1 } },
  { method: DKD, ...logits, terms: { dkd: 1 } },
  { method: DIST, options: distOf(1, 1, 0), ...logits, terms: { dist_inter_tau1: 1 } },
  { method: DIST, options: distOf(1, 0, 1), ...logits, terms: { dist_intra_tau1: 1 } },
  { method: DIST, options: distOf(4, 1, 0), ...logits, terms: { dist_inter_tau4: 1 } },
  { method: DIST, options: distOf(4, 0, 1), ...logits, terms: { dist_intra_tau4: 1 } },
  { method: DIST, ...logits, terms: { dist: 1 } },
  { method: NKD, options: { nkd_gamma: 0 }, ...logits, terms: { nkd_target: 1 } },
  { method: NKD, ...logits, terms: { nkd: 1 } },
  { method: NKD, options: { nkd_gamma: 3 }, ...logits, terms: { nkd_target: 1, nkd_other: 2 } },
  { method: LogitStd, ...logits, terms: { logit_std: 1 } },
  { method: TTM, ...logits, terms: { ttm: 1 } },
  { method: WTTM, ...logits, terms: { wttm: 1 } },
  { method: MGD, options: { mgd_mask: 0 }, ...maps, terms: { mgd_identity: 1 } },
  { method: FitNet, ...maps, terms: { fitnet_hint: 1 } },
  { method: ICKD, options: { ickd_form: 'imagenet' }, ...maps, terms: { ickd: 1 } },
  { method: WKDF, options: { wkd_mean: 0, wkd_projector: 'align' }, ...maps, terms: { wkdf_std: 1 } },
  { method: WKDF, options: { wkd_projector: 'align' }, ...maps, terms: { wkdf_mean: 2, wkdf_std: 1 } },
  { method: ReviewKD, ...maps, terms: { review_hcl: 1 } },
  {
    method: MLKD,
    options: { mlkd_temperatures: [4] },
    ...logits,
    terms: { soft_target_T4: 1, mlkd_class: 1, mlkd_batch: 1 },
  },
];

/** The reference's value and its gradient in the student's input, laid out as a tap. */
export function expectedTerm({ student, terms }: TermRow) {
  const { shape } = lossReference.inputs[student]!;
  const flat = new Array<number>(shape.reduce((product, n) => product * n, 1)).fill(0);
  let value = 0;
  for (const [name, factor] of Object.entries(terms)) {
    const reference = lossReference[name]!;
    value += factor * reference.value;
    reference.grad[student]!.forEach((slope, i) => (flat[i]! += factor * slope));
  }
  return { value, gradient: shape.length === 4 ? toChannelsLast(flat, shape) : Float64Array.from(flat) };
}

/** How far a method is from the reference: the value's relative difference, and the gradient's largest one. */
export function termDifferences(row: TermRow): { readonly value: number; readonly gradient: number } {
  const { value, gradients } = evaluate({ ...row, ...referenceTap(row.tap, row) });
  const reference = expectedTerm(row);
  return {
    value: Math.abs(value / reference.value - 1),
    gradient: largestDifference(gradients[row.tap]!, reference.gradient),
  };
}
