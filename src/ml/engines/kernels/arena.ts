import { fail } from '../../../core/failure.ts';
import type { Region } from '../program.ts';

/** Regions start at multiples of a cache line. */
const LINE = 64;
const MEBIBYTE = 2 ** 20;

const sizeOf = (floats: number): number => Math.ceil(Math.max(1, floats * 4) / LINE) * LINE;

/** Most floats that are cleared at a time: fewer than a view holds. */
const CLEARED = 2 ** 26;

/** A byte of a buffer. */
export interface Place {
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
}

/** Memory that an arena gives out pieces of. */
export interface Backing {
  /** Whose it is, for messages. */
  readonly name: string;
  /** First byte that may be given out. */
  readonly from: number;
  /** Bytes that there may be at most. */
  readonly limit: number;
  /** Where a byte lies; up to 2 GiB from it lie in the same buffer, which may be another one after `reach`. */
  at(offset: number): Place;
  /** Makes sure that the first `bytes` are there; new ones are zero. */
  reach(bytes: number): void;
}

interface Hole {
  from: number;
  to: number;
}

/** First-fit allocator over the memory of a kernel machine, which grows on demand and never shrinks. Addresses are bytes. */
export class Arena {
  readonly #backing: Backing;
  /** Free intervals of bytes, ascending, never touching; the last one reaches to the limit. */
  #holes: Hole[];
  /** First byte that has never been given out. */
  #fresh: number;

  constructor(backing: Backing) {
    this.#backing = backing;
    this.#fresh = Math.ceil(backing.from / LINE) * LINE;
    this.#holes = [{ from: this.#fresh, to: backing.limit }];
  }

  /** Bytes of the largest region that could be had. */
  capacity(): number {
    return Math.max(0, ...this.#holes.map((hole) => hole.to - hole.from));
  }

  /** Bytes given out. */
  used(): number {
    return this.#backing.limit - this.#holes.reduce((free, hole) => free + hole.to - hole.from, 0);
  }

  /** Zeroed memory; the region's address is in bytes. */
  allocate(floats: number): Region {
    const size = sizeOf(floats);
    const hole = this.#holes.find((candidate) => candidate.to - candidate.from >= size);
    if (!hole) {
      fail({
        code: 'does-not-fit',
        message: `the ${this.#backing.name} engine has no ${(size / MEBIBYTE).toFixed(1)} MiB left in one piece`,
        expected: `at most ${(this.capacity() / MEBIBYTE).toFixed(1)} MiB`,
        fix: 'take a smaller model, image_size or batch_size',
      });
    }
    const address = hole.from;
    hole.from += size;
    this.#holes = this.#holes.filter((left) => left.to > left.from);
    this.#backing.reach(address + size);
    this.#clear(address, address + size);
    return { address, floats };
  }

  /** Zeroes what has been given out before; memory that never was is zero already, and stays untouched. */
  #clear(from: number, to: number): void {
    const used = Math.min(to, this.#fresh);
    for (let at = from; at < used; at += 4 * CLEARED) this.floats(at, Math.min(CLEARED, (used - at) / 4)).fill(0);
    this.#fresh = Math.max(this.#fresh, to);
  }

  /** Gives a region back. */
  free({ address, floats }: Region): void {
    this.#holes.push({ from: address, to: address + sizeOf(floats) });
    this.#holes.sort((a, b) => a.from - b.from);
    const merged: Hole[] = [];
    for (const hole of this.#holes) {
      const before = merged.at(-1);
      if (before?.to === hole.from) before.to = hole.to;
      else merged.push({ ...hole });
    }
    this.#holes = merged;
  }

  floats(address: number, count: number): Float32Array {
    const { buffer, offset } = this.#backing.at(address);
    return new Float32Array(buffer, offset, count);
  }

  integers(address: number, count: number): Int32Array {
    const { buffer, offset } = this.#backing.at(address);
    return new Int32Array(buffer, offset, count);
  }
}
