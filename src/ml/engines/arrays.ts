import type { EngineArray, OwnArray } from './engine.ts';
import type { Executor } from './executor.ts';
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

  write(values: Float32Array): void {
    if (values.length > this.floats) throw new Error(`${values.length} values for an array of ${this.floats}`);
    this.#executor.write(this.ref.region, 0, values);
  }

  first(floats: number): EngineArray {
    return new Place(this.ref.region, 0, floats);
  }

  dispose(): void {
    this.#executor.free(this.ref.region);
  }
}
