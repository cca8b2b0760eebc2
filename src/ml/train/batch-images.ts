import type { TrainBatch } from '../data/batch-loader.ts';
import type { Engine, EngineArray, OwnArray } from '../engines/engine.ts';

/** The images of a batch in an engine's memory, once for all who compute on them: a student's passes, teachers, a cohort. */
export class BatchImages {
  readonly #engine: Pick<Engine, 'array'>;
  /** Of an image. */
  readonly #floats: number;
  /** One for the largest batch so far; those before it stay, as steps read them. */
  readonly #arrays: OwnArray[] = [];
  #latest: TrainBatch | undefined;

  /**
   * @param engine - in whose memory
   * @param side - of an image, pixels
   */
  constructor(engine: Pick<Engine, 'array'>, side: number) {
    this.#engine = engine;
    this.#floats = side ** 2 * 3;
  }

  #own(floats: number): OwnArray {
    const known = this.#arrays.find((array) => array.floats >= floats);
    if (known) return known;
    const array = this.#engine.array(floats);
    this.#arrays.push(array);
    return array;
  }

  /**
   * Where the images of batches of a size lie.
   *
   * @param batch - number of images
   * @returns [batch, height, width, channels], the same for equal numbers
   * @throws FailureError `does-not-fit`
   */
  array(batch: number): EngineArray {
    const floats = batch * this.#floats;
    return this.#own(floats).first(floats);
  }

  /**
   * Puts a batch's images there, once.
   *
   * @param batch - another object than the one before, or nothing is done
   */
  show(batch: TrainBatch): void {
    if (this.#latest === batch) return;
    this.#own(batch.images.length).write(batch.images);
    this.#latest = batch;
  }

  /** Gives its memory back. */
  dispose(): void {
    for (const array of this.#arrays.splice(0)) array.dispose();
  }
}
