import type { Draw, Sides, StepArrays } from '../kd-method.ts';

/** Values of one side's taps by name: `logits` [N, C], maps [N, H, W, C], dense. */
export type TapValues = Readonly<Record<string, Float32Array>>;

/** L_kd of a batch and the weighted gradient in each of the student's taps, laid out as the tap. */
export interface KdLossValue {
  /** Unweighted. */
  readonly value: number;
  readonly gradients: TapValues;
  /** What the term's memory reads, by name. */
  readonly outputs: Readonly<Record<string, Float32Array>>;
}

/** What runs a method's adapters: networks on an engine. */
export interface AdapterRunner {
  /**
   * @param name - of the adapter
   * @param input - [batch, H, W, C], dense
   * @param batch - number of images
   * @returns its output, dense; only valid until the next call
   */
  forward(name: string, input: Float32Array, batch: number): Float32Array;
  /**
   * Differentiates the last `forward`.
   *
   * @param name - of the adapter
   * @param gradient - of its output
   * @returns that of its input, only valid until the next call; null where its network's input is not differentiable
   */
  backward(name: string, gradient: Float32Array): Float32Array | null;
}

/** A term on one batch. */
export interface KdLossBatch {
  /** Values of both sides' taps. */
  readonly taps: Sides<TapValues>;
  /** Class indices [N]. */
  readonly labels: Int32Array;
  /** Places of the images in the training split, [N]. */
  readonly indices: Uint32Array;
  readonly draw: Draw;
  /** w that gradients are multiplied by. */
  readonly weight: number;
}

/** Name of the labels among what is filled for each step. */
export const LABELS = 'labels';

/**
 * Everything that is filled for a step.
 *
 * @param batch - labels, places, random streams
 * @param fill - the term's own arrays
 * @returns arrays by name
 */
export const stepArrays = (
  { labels, indices, draw }: Pick<KdLossBatch, 'labels' | 'indices' | 'draw'>,
  fill: (step: Pick<KdLossBatch, 'indices' | 'draw'>) => StepArrays = () => ({}),
): StepArrays => ({ ...fill({ indices, draw }), [LABELS]: labels });
