import type { EngineArray, KeptPictures, OwnArray, PictureFile } from './engine.ts';
import type { Executor } from './executor.ts';
import { lookedUp } from './pixels.ts';
import type { Ref, Region } from './program.ts';

/** A piece of an executor's memory, as the users of an engine see it. */
export class Place implements EngineArray {
  readonly floats: number;
  readonly ref: Ref & { readonly space: 'outside' };

  constructor(region: Region, offset: number, floats: number) {
    this.ref = { space: 'outside', region, offset };
    this.floats = floats;
  }
}

/**
 * Where an array lies.
 *
 * @param array - of the same engine
 * @returns its place
 * @throws Error for an array that no engine of ours made (a bug)
 */
export function refOf(array: EngineArray): Ref {
  if (!(array instanceof Place)) throw new Error('the array belongs to another engine');
  return array.ref;
}

/** Memory of its own. */
export class AllocatedArray extends Place implements OwnArray {
  readonly #executor: Executor;

  constructor(executor: Executor, floats: number) {
    super(executor.allocate(floats), 0, floats);
    this.#executor = executor;
  }

  read(): Float32Array {
    return this.#executor.read(this.ref.region, 0, this.floats);
  }

  #requireRoom({ length }: Float32Array | Uint8Array): void {
    if (length > this.floats) throw new Error(`${length} values for an array of ${this.floats}`);
  }

  write(values: Float32Array): void {
    this.#requireRoom(values);
    this.#executor.write(this.ref.region, 0, values);
  }

  writePixels(pixels: Uint8Array, table: EngineArray): void {
    this.#requireRoom(pixels);
    const { region } = ownOf(table).ref;
    if (this.#executor.writePixels) this.#executor.writePixels(this.ref.region, pixels, region);
    else this.write(lookedUp(pixels, this.#executor.read(region, 0, region.floats)));
  }

  part(from: number, floats: number): EngineArray {
    return new Place(this.ref.region, from, floats);
  }

  dispose(): void {
    this.#executor.free(this.ref.region);
  }
}

/** An array that has a region to itself. */
function ownOf(array: EngineArray): AllocatedArray {
  if (!(array instanceof AllocatedArray)) throw new Error('the array has no memory of its own');
  return array;
}

/** Of the free memory, that pictures may take: training needs the rest. */
const SHARE = 0.25;

/**
 * Keeps pictures in an executor's memory.
 *
 * @param executor - whose
 * @param file - all pictures
 * @returns the pictures; null where the executor cannot, or they would take too much of its memory
 */
export function keepPictures(executor: Executor, file: PictureFile): KeptPictures | null {
  if (!executor.keep || file.bytes > SHARE * executor.capacity()) return null;
  const there = executor.keep(file);
  return {
    bytes: file.bytes,
    write: (squares, side, table, to) => there.write(squares, side, ownOf(table).ref.region, ownOf(to).ref.region),
    dispose: () => there.dispose(),
  };
}
