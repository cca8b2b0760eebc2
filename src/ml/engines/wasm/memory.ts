import { fail } from '../../../core/failure.ts';
import type { Region } from '../executor.ts';

const PAGE = 65536;
/** Regions start at multiples of a cache line. */
const LINE = 64;
const MEBIBYTE = 2 ** 20;

interface Hole {
  from: number;
  to: number;
}

/** First-fit allocator over one shared WebAssembly.Memory, which grows on demand and never shrinks. */
export class WasmMemory {
  readonly memory: WebAssembly.Memory;
  readonly #limit: number;
  /** Free intervals of bytes, ascending, never touching; the last one reaches to the limit. */
  #holes: Hole[];
  /** First byte that has never been given out. */
  #fresh: number;

  /**
   * @param from - first byte that may be given out
   * @param limit - bytes that the memory may have at most, a multiple of 65536, at most 4 GiB
   */
  constructor(from: number, limit: number) {
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(from / PAGE) + 1, maximum: limit / PAGE, shared: true });
    this.#limit = limit;
    this.#fresh = Math.ceil(from / LINE) * LINE;
    this.#holes = [{ from: this.#fresh, to: limit }];
  }

  /** Bytes of the largest region that could be had. */
  capacity(): number {
    return Math.max(0, ...this.#holes.map((hole) => hole.to - hole.from));
  }

  /** Bytes given out. */
  used(): number {
    return this.#limit - this.#holes.reduce((free, hole) => free + hole.to - hole.from, 0);
  }

  /** Zeroed memory; the region's address is in bytes. */
  allocate(floats: number): Region {
    const size = Math.ceil(Math.max(1, floats * 4) / LINE) * LINE;
    const hole = this.#holes.find((candidate) => candidate.to - candidate.from >= size);
    if (!hole) {
      fail({
        code: 'does-not-fit',
        message: `the wasm engine has no ${(size / MEBIBYTE).toFixed(1)} MiB left in one piece`,
        expected: `at most ${(this.capacity() / MEBIBYTE).toFixed(1)} MiB`,
        fix: 'take a smaller model, image_size or batch_size',
      });
    }
    const address = hole.from;
    hole.from += size;
    this.#holes = this.#holes.filter((left) => left.to > left.from);
    const missing = Math.ceil((address + size - this.memory.buffer.byteLength) / PAGE);
    if (missing > 0) this.memory.grow(missing);
    this.#clear(address, address + size);
    return { address, floats };
  }

  /** Zeroes what has been given out before; memory that never was is zero already, and stays untouched. */
  #clear(from: number, to: number): void {
    const used = Math.min(to, this.#fresh);
    if (used > from) this.floats(from, (used - from) / 4).fill(0);
    this.#fresh = Math.max(this.#fresh, to);
  }

  /** Gives a region back. */
  free({ address, floats }: Region): void {
    const size = Math.ceil(Math.max(1, floats * 4) / LINE) * LINE;
    this.#holes.push({ from: address, to: address + size });
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
    return new Float32Array(this.memory.buffer, address, count);
  }

  integers(address: number, count: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, count);
  }
}
