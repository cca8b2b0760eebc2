import { normalisationTable } from '../augment/normalise.ts';
import type { ImageForm, Images, InputFormat } from '../data/batches.ts';
import type { Engine, EngineArray, OwnArray } from '../engines/engine.ts';

/** What is shown: of a batch, its images. */
interface Shown {
  readonly images: Images;
}

/** The images of a batch in an engine's memory, once for all who compute on them: a student's passes, teachers, a cohort. */
export class BatchImages {
  readonly #engine: Pick<Engine, 'array' | 'takesPixels'>;
  readonly #format: InputFormat;
  /** Of an image. */
  readonly #floats: number;
  /** One for the largest batch so far; those before it stay, as steps read them. */
  readonly #arrays: OwnArray[] = [];
  /** What pixels become. */
  #table: OwnArray | undefined;
  #latest: Shown | undefined;

  /**
   * @param engine - in whose memory
   * @param format - input size and statistics
   */
  constructor(engine: Pick<Engine, 'array' | 'takesPixels'>, format: InputFormat) {
    this.#engine = engine;
    this.#format = format;
    this.#floats = format.imageSize ** 2 * 3;
  }

  /** In which the engine likes images best. */
  get form(): ImageForm {
    return this.#engine.takesPixels ? 'pixels' : 'normalised';
  }

  #own(floats: number): OwnArray {
    const known = this.#arrays.find((array) => array.floats >= floats);
    if (known) return known;
    const array = this.#engine.array(floats);
    this.#arrays.push(array);
    return array;
  }

  #openTable(): OwnArray {
    const values = normalisationTable(this.#format.mean, this.#format.std);
    const table = this.#engine.array(values.length);
    table.write(values);
    return table;
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
   * Puts a batch's images there, once: normalised, in whichever form they come.
   *
   * @param batch - another object than the one before, or nothing is done
   */
  show(batch: Shown): void {
    if (this.#latest === batch) return;
    const { images } = batch;
    const array = this.#own(images.length);
    if (images instanceof Uint8Array) array.writePixels(images, (this.#table ??= this.#openTable()));
    else array.write(images);
    this.#latest = batch;
  }

  /** Gives its memory back. */
  dispose(): void {
    for (const array of this.#arrays.splice(0)) array.dispose();
    this.#table?.dispose();
    this.#table = undefined;
  }
}
