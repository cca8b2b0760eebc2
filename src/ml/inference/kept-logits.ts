import { readFileSync } from 'node:fs';
import { fail } from '../../core/failure.ts';
import type { Split } from '../data/packed.ts';
import { decodeSafetensors, encodeSafetensors } from '../weights/safetensors.ts';
import type { StoredTensor } from '../weights/tensor-file.ts';
import type { Augmentation } from './predict.ts';

/** One split, predicted in one way. */
export interface Predicted {
  readonly split: Split;
  readonly tta: Augmentation;
  /** [N, C], in the split's order. */
  readonly logits: Float32Array;
}

/** Of what logits are: digests of contents, as the store knows them. */
export interface Origin {
  /** SHA-256 of the network's weights file. */
  readonly weights: string;
  /** SHA-256 of the packed dataset. */
  readonly data: string;
}

const nameOf = (split: Split, tta: Augmentation): string => (tta === 'none' ? split : `${split}.${tta}`);

/**
 * Writes logits as a .safetensors file: a tensor [N, C] a split and augmentation, `test` or `test.ten-crop`, and in its
 * metadata of what they are. Equal logits of equal origin give equal bytes.
 *
 * @param predicted - logits, at least one set
 * @param origin - network and dataset
 * @param classes - C
 * @returns the file's bytes
 */
export function encodeLogits(predicted: readonly Predicted[], origin: Origin, classes: number): Uint8Array {
  const tensors = predicted.map(({ split, tta, logits }): [string, StoredTensor] => [
    nameOf(split, tta),
    { dtype: 'F32', shape: [logits.length / classes, classes], values: logits },
  ]);
  return encodeSafetensors({ tensors: new Map(tensors), metadata: { ...origin } });
}

/** Logits of a network, computed once and read wherever they are needed. */
export class KeptLogits {
  readonly origin: Origin;
  readonly #tensors: ReadonlyMap<string, StoredTensor>;
  readonly #path: string;

  /**
   * @param path - absolute path of a file that {@link encodeLogits} wrote
   * @throws FailureError `damaged-weights` when it is not whole
   */
  constructor(path: string) {
    const { tensors, metadata } = decodeSafetensors(readFileSync(path), path);
    this.origin = { weights: metadata['weights'] ?? '', data: metadata['data'] ?? '' };
    this.#tensors = tensors;
    this.#path = path;
  }

  /**
   * Gives the logits of all images of a split.
   *
   * @param split - the split
   * @param tta - how it was predicted
   * @returns logits [N, C], in the split's order
   * @throws FailureError `no-such-logits` when the file has none of them
   */
  of(split: Split, tta: Augmentation): Float32Array {
    const name = nameOf(split, tta);
    const tensor = this.#tensors.get(name);
    if (tensor?.dtype === 'F32') return tensor.values;
    return fail({
      code: 'no-such-logits',
      message: `${this.#path} has no logits of ${name}`,
      expected: `one of ${[...this.#tensors.keys()].join(', ')}`,
      fix: 'name the split and the augmentation in the predict stage too',
    });
  }

  /**
   * Refuses logits of other images than a dataset's.
   *
   * @param data - SHA-256 of the packed dataset
   * @throws FailureError `other-images`
   */
  requireData(data: string): void {
    if (this.origin.data === data) return;
    fail({
      code: 'other-images',
      message: 'the logits are of another dataset than this stage reads',
      expected: 'logits of the same images in the same order',
      fix: 'give the predict stage the same data',
    });
  }
}
