import { normalisationTable } from '../augment/normalise.ts';
import type { ImageForm, Images, InputFormat } from '../data/batches.ts';
import type { Engine, EngineArray, KeptPictures, OwnArray } from '../engines/engine.ts';

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
  /** Those that squares are of. */
  readonly #pictures: KeptPictures | null;
  /** What pixels become. */
  #table: OwnArray | undefined;
  #latest: Shown | undefined;
  #brought = 0;

  /**
   * @param engine - in whose memory
   * @param format - input size and statistics
   * @param pictures - those that squares of batches are of, if there will be any; they are let go of with the rest
   */
  constructor(
    engine: Pick<Engine, 'array' | 'takesPixels'>,
    format: InputFormat,
    pictures: KeptPictures | null = null,
  ) {
    this.#pictures = pictures;
    this.#engine = engine;
    this.#format = format;
    this.#floats = format.imageSize ** 2 * 3;
  }

  /** Bytes of the pictures that lie in the engine's memory; null where none do. */
  get kept(): number | null {
    return this.#pictures && this.#pictures.bytes;
  }

  /** In which the engine likes images best that it has to be brought. */
  get form(): ImageForm {
    return this.#engine.takesPixels ? 'pixels' : 'normalised';
  }

  /** How images come to the engine, for the record; null where they are normalised by the host, as always on a processor. */
  get note(): string | null {
    if (this.#pictures) return `cut from ${this.#pictures.bytes} bytes of pixels that stay in the engine's memory`;
    return this.form === 'pixels' ? 'pixels, normalised by the engine' : null;
  }

  /** Milliseconds so far that bringing images to the engine has taken. */
  get brought(): number {
    return this.#brought;
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
   * @param view - which of how many views that are shown one behind the other; by default there is one
   * @returns [batch, height, width, channels], the same for equal numbers
   * @throws FailureError `does-not-fit`
   */
  array(batch: number, view: { readonly index: number; readonly of: number } = { index: 0, of: 1 }): EngineArray {
    const floats = batch * this.#floats;
    return this.#own(view.of * floats).part(view.index * floats, floats);
  }

  /**
   * Puts a batch's images there, once: normalised, in whichever form they come.
   *
   * @param batch - another object than the one before, or nothing is done
   */
  show(batch: Shown): void {
    if (this.#latest === batch) return;
    const began = performance.now();
    this.#put(batch.images);
    this.#brought += performance.now() - began;
    this.#latest = batch;
  }

  #put(images: Images): void {
    if (images instanceof Float32Array) {
      this.#own(images.length).write(images);
      return;
    }
    const table = (this.#table ??= this.#openTable());
    if (images instanceof Uint8Array) {
      this.#own(images.length).writePixels(images, table);
      return;
    }
    if (!this.#pictures) throw new Error('squares of pictures that the engine does not have');
    const to = this.#own((images.length / 4) * this.#floats);
    this.#pictures.write(images, this.#format.imageSize, table, to);
  }

  /** Gives its memory back. */
  dispose(): void {
    for (const array of this.#arrays.splice(0)) array.dispose();
    this.#table?.dispose();
    this.#pictures?.dispose();
    this.#table = undefined;
  }
}
