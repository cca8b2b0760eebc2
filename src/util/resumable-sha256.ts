/** Bytes of a block. */
const BLOCK = 64;

/** A digest under way, as JSON. */
export interface Sha256State {
  /** The eight chaining values, int32. */
  readonly chain: readonly number[];
  /** Bytes so far. */
  readonly length: number;
  /** Those since the last whole block, in hexadecimal digits. */
  readonly rest: string;
}

/** The first primes, as many as there are rounds. */
const PRIMES = Array.from({ length: 312 }, (_, n) => n).filter(
  (n) => n > 1 && Array.from({ length: n }, (_, d) => d).every((d) => d < 2 || n % d !== 0),
);
/** The first 32 bits of a number's fraction. */
const fraction = (value: number): number => Math.floor((value - Math.floor(value)) * 2 ** 32) | 0;
const ROUNDS = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)));
const START: readonly number[] = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));

const schedule = new Int32Array(BLOCK);

function fillSchedule(bytes: Uint8Array, from: number): void {
  const w = schedule;
  for (let i = 0, at = from; i < 16; i++, at += 4)
    w[i] = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
  for (let i = 16; i < BLOCK; i++) {
    const x = w[i - 15] ?? 0;
    const y = w[i - 2] ?? 0;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = ((w[i - 16] ?? 0) + s0 + (w[i - 7] ?? 0) + s1) | 0;
  }
}

/** FIPS 180-4, 6.2.2: one block. */
function compress(chain: Int32Array, bytes: Uint8Array, from: number): void {
  fillSchedule(bytes, from);
  // One by one: an array that is taken apart goes through an iterator, at a third of the speed.
  let a = chain[0] ?? 0;
  let b = chain[1] ?? 0;
  let c = chain[2] ?? 0;
  let d = chain[3] ?? 0;
  let e = chain[4] ?? 0;
  let f = chain[5] ?? 0;
  let g = chain[6] ?? 0;
  let h = chain[7] ?? 0;
  for (let i = 0; i < BLOCK; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (ROUNDS[i] ?? 0) + (schedule[i] ?? 0)) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => (chain[i] = (chain[i] ?? 0) + value));
}

/** SHA-256 whose state can be kept and taken up by another process, which that of Node cannot. Some 200 MB/s, a fifth of its speed. */
export class ResumableSha256 {
  readonly #chain: Int32Array;
  readonly #rest = new Uint8Array(BLOCK);
  #length: number;

  /**
   * Begins, or goes on.
   *
   * @param from - the state of another one
   */
  constructor(from: Sha256State = { chain: START, length: 0, rest: '' }) {
    this.#chain = Int32Array.from(from.chain);
    this.#length = from.length;
    this.#rest.set(Buffer.from(from.rest, 'hex'));
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * Takes in bytes.
   *
   * @param bytes - any number of them
   */
  update(bytes: Uint8Array): void {
    let from = 0;
    const held = this.#length % BLOCK;
    this.#length += bytes.length;
    if (held > 0) {
      from = Math.min(BLOCK - held, bytes.length);
      this.#rest.set(bytes.subarray(0, from), held);
      if (held + from < BLOCK) return;
      compress(this.#chain, this.#rest, 0);
    }
    for (; from + BLOCK <= bytes.length; from += BLOCK) compress(this.#chain, bytes, from);
    this.#rest.set(bytes.subarray(from));
  }

  /**
   * What another one goes on from.
   *
   * @returns the state
   */
  state(): Sha256State {
    const rest = Buffer.from(this.#rest.subarray(0, this.#length % BLOCK)).toString('hex');
    return { chain: [...this.#chain], length: this.#length, rest };
  }

  /**
   * The digest of the bytes so far.
   *
   * @returns 64 lower-case hexadecimal digits
   */
  digest(): string {
    const last = new ResumableSha256(this.state());
    const zeros = (2 * BLOCK - 9 - (this.#length % BLOCK)) % BLOCK;
    const padding = Buffer.alloc(zeros + 9);
    padding[0] = 0x80;
    padding.writeBigUInt64BE(8n * BigInt(this.#length), zeros + 1);
    last.update(padding);
    return Buffer.from(Uint32Array.from(last.#chain).buffer).swap32().toString('hex');
  }
}
