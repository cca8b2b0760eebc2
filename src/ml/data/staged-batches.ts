import { imagesIn, type Batches, type ImageForm, type Images } from './batches.ts';

/**
 * Makes batches in arrays of their own, one ahead of what is taken: where pictures are decoded, that goes on while the last
 * batch is used, and memory of an engine may be another's by the time they are there.
 */
export class StagedBatches {
  readonly #batches: Batches;
  /** Of an image. */
  readonly #values: number;
  readonly #labels: Int32Array;
  readonly #arrays: readonly [Images, Images];
  #ahead: { readonly batch: number; readonly made: Promise<Images> } | undefined;

  /**
   * Makes nothing yet.
   *
   * @param batches - of a pass
   * @param sizes - of a batch
   * @param sizes.batchSize - most images
   * @param sizes.side - S, of an image
   * @param form - of the images
   */
  constructor(
    batches: Batches,
    { batchSize, side }: { readonly batchSize: number; readonly side: number },
    form: ImageForm,
  ) {
    this.#batches = batches;
    this.#labels = new Int32Array(batchSize);
    const [even, odd] = [0, 1].map(() => imagesIn(form, { count: batchSize, side })) as [Images, Images];
    this.#arrays = [even, odd];
    this.#values = even.length / batchSize;
  }

  /**
   * Takes a batch, and begins the one after it.
   *
   * @param batch - 0 … count − 1
   * @returns images of the form, valid until the next but one is taken
   */
  async take(batch: number): Promise<Images> {
    const made = this.#ahead?.batch === batch ? this.#ahead.made : this.#make(batch);
    const inputs = await made;
    this.#ahead = undefined;
    if (batch + 1 < this.#batches.count) {
      const next = this.#make(batch + 1);
      // Whoever takes it sees a rejection; nobody else does.
      next.catch(() => undefined);
      this.#ahead = { batch: batch + 1, made: next };
    }
    return inputs;
  }

  async #make(batch: number): Promise<Images> {
    const inputs = this.#arrays[batch % 2 === 0 ? 0 : 1].subarray(0, this.#batches.size(batch) * this.#values);
    await this.#batches.fill(batch, inputs, this.#labels);
    return inputs;
  }
}
