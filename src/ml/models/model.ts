import { fail } from '../../core/failure.ts';
import type { Network, Shape } from '../network/network.ts';

/** An architecture: how to build it and what is known of it. */
export interface Model {
  /**
   * Builds the network.
   *
   * @param input - shape of one image; throws `image-too-small` below `minimumSize`
   * @param classes - number of logits
   */
  build(input: Shape, classes: number): Network;
  /** One line for `kdpipe list models`. */
  readonly summary: string;
  /** Paper: authors, title, venue, year. */
  readonly source: string;
  /** Smallest image side in pixels. */
  readonly minimumSize: number;
  /** Image side and classes of the experiments that it is known by: `kdpipe list models` counts its cost there. */
  readonly nominal: { readonly side: number; readonly classes: number };
  /** Block taps, in order: `blocks: [1, 3]` means `block1` and `block3`. */
  readonly blocks: readonly number[];
  /** Address of weights trained on ImageNet that fit it: a URL, or `hf:owner/repo`. */
  readonly pretrained?: string;
  /** Whether training draws dropout (or stochastic depth) bits. */
  readonly dropout: boolean;
}

/**
 * Refuses an image that is too small for a model.
 *
 * @param model - name in the registry
 * @param input - shape of one image
 * @param minimumSize - smallest side in pixels
 * @throws FailureError `image-too-small`
 */
export function requireSize(model: string, input: Shape, minimumSize: number): void {
  if (Math.min(input.height, input.width) >= minimumSize) return;
  fail({
    code: 'image-too-small',
    message: `${model} cannot take ${input.height}×${input.width} images`,
    expected: `at least ${minimumSize}×${minimumSize} pixels`,
    fix: `image_size: ${minimumSize}`,
  });
}
