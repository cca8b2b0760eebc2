import { add, div, mul } from '../algebra/arithmetic.ts';
import { input } from '../algebra/inputs.ts';
import type { Node, NodeOf } from '../algebra/node.ts';
import type { Session, TrainStep } from '../engines/engine.ts';
import { tapDimensions, type RecordedTerm } from '../methods/terms/record-term.ts';
import type { BatchImages } from '../inference/batch-images.ts';
import type { LossTerm, LossTerms } from './loss-terms.ts';
import { supervise, type Supervision } from './supervised.ts';
import { tapShapes } from './teacher-pass.ts';

/** What is minimised. */
export interface ObjectiveOptions {
  /** The student's. */
  readonly session: Session;
  /** Where batches lie; in the passes' own `input` by default. */
  readonly images?: BatchImages;
  /** The distillation terms, if there are any. */
  readonly kd: LossTerms | null;
  readonly supervision: Supervision;
  /** Weight of the supervised loss, by default 1. */
  readonly ceWeight?: number;
  /** Passes over each batch: 1, or 2 with R-Drop or two views. */
  readonly passes: number;
  /** Views of each image, a pass each, or 1, which all passes see; 1 by default. */
  readonly views?: number;
  /** Whether the pictures of a batch may be mixed. */
  readonly mixes: boolean;
}

/** A student's pass: its step, and its taps as inputs of the expression. */
export interface StudentPass {
  readonly step: TrainStep;
  readonly taps: ReadonlyMap<string, NodeOf<'input'>>;
}

/** A term in one pass. */
export interface TermPass {
  readonly name: string;
  readonly term: LossTerm;
  readonly pass: number;
  readonly recorded: RecordedTerm;
  /** w_k of the step. */
  readonly weight: Node;
}

/** All losses of a batch as expressions. */
export interface RecordedObjective {
  readonly batch: number;
  readonly passes: readonly StudentPass[];
  readonly supervised: Node;
  readonly ceWeight: number;
  readonly terms: readonly TermPass[];
}

/** Names of the inputs that are filled for each step. */
export const NAMES = {
  labels: 'labels',
  partners: 'partners',
  share: 'share',
  seen: 'seen',
  indices: 'indices',
} as const;

/** Name of a term's weight among them. */
export const weightName = (term: string): string => `${term}/weight`;

function studentPass({ session, kd, images, views = 1 }: ObjectiveOptions, batch: number, pass: number): StudentPass {
  const view = { index: views > 1 ? pass : 0, of: views };
  const taps = kd?.taps ?? [];
  const shapes = tapShapes(session.network);
  const node = (tap: string): NodeOf<'input'> => {
    const shape = shapes[tap];
    if (!shape) throw new Error(`no tap ${tap}`);
    return input(`student/${pass}/${tap}`, tapDimensions(tap, batch, shape));
  };
  return {
    step: session.trainStep({
      batch,
      taps,
      secondPass: pass === 1,
      ...(images && { images: images.array(batch, view) }),
    }),
    taps: new Map(['logits', ...taps].map((tap) => [tap, node(tap)])),
  };
}

const tapOf =
  ({ taps }: StudentPass) =>
  (tap: string): Node => {
    const node = taps.get(tap);
    if (!node) throw new Error(`the step was not compiled for ${tap}`);
    return node;
  };

/**
 * Records what a student minimises on batches of one size: total = v · L_cls + Σ_k w_k · L_k, each L_k the mean of the passes'.
 *
 * @param options - what is minimised
 * @param batch - N
 * @returns the expressions, over the taps of steps that are compiled for them
 * @throws FailureError `does-not-fit`
 */
export function recordObjective(options: ObjectiveOptions, batch: number): RecordedObjective {
  const { kd, mixes, supervision, ceWeight = 1 } = options;
  const labels = input(NAMES.labels, [batch]);
  const partners = input(NAMES.partners, [batch]);
  const passes = Array.from({ length: options.passes }, (_, pass) => studentPass(options, batch, pass));
  const share = input(NAMES.share, []);
  // Of mixed pictures a term sees the greater share.
  const seen = mixes ? input(NAMES.seen, [batch]) : labels;
  const indices = input(NAMES.indices, [batch]);
  const terms = passes.flatMap((student, pass) =>
    [...(kd?.terms ?? [])].map(([name, term]) => {
      const recorded = term.record({ images: batch, pass, labels: seen, indices, student: tapOf(student) });
      return { name, term, pass, recorded, weight: input(weightName(name), []) };
    }),
  );
  const logits = passes.map((pass) => tapOf(pass)('logits'));
  const targets = { labels, mixed: mixes ? { partners, share } : null };
  return { batch, passes, terms, ceWeight, supervised: supervise(logits, targets, supervision) };
}

/**
 * The total of a pass: its terms, each by its weight and its share of the passes; of the first one the supervised loss too.
 *
 * @param recorded - all losses
 * @param pass - from 0
 * @returns the scalar; undefined where there is nothing
 */
export function totalOf(recorded: RecordedObjective, pass: number): Node | undefined {
  const { passes, supervised, ceWeight, terms } = recorded;
  const own = terms.filter((term) => term.pass === pass);
  const parts = own.map(({ recorded: { loss }, weight }) => mul(loss, div(weight, passes.length)));
  const [first, ...rest] = pass === 0 ? [ceWeight === 1 ? supervised : mul(supervised, ceWeight), ...parts] : parts;
  return first && rest.reduce((sum, part) => add(sum, part), first);
}
