/** Reads bytes one value after the other, and never beyond their end. */
export class ByteReader {
  /** Offset of the next byte. */
  at: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #ended: () => never;

  /**
   * @param bytes - what is read
   * @param at - where to start
   * @param ended - called where the bytes end too early
   */
  constructor(bytes: Uint8Array, at: number, ended: () => never) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.#ended = ended;
  }

  /** Steps over so many bytes, and says where they began. */
  skip(count: number): number {
    const begin = this.at;
    if (!(count >= 0 && begin + count <= this.#bytes.length)) this.#ended();
    this.at = begin + count;
    return begin;
  }

  byte(): number {
    return this.#view.getUint8(this.skip(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.skip(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.skip(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }

  /** An int64 as a number: beyond 2^53 only its size matters, which no length has. */
  int64(): number {
    return Number(this.#view.getBigInt64(this.skip(8), true));
  }

  float64BigEndian(): number {
    return this.#view.getFloat64(this.skip(8), false);
  }

  /** A little-endian two's complement integer of so many bytes. */
  integer(length: number): number | bigint {
    const bytes = this.bytes(length);
    const value = BigInt.asIntN(
      8 * length,
      bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
    );
    return value === BigInt.asIntN(53, value) ? Number(value) : value;
  }

  /** The very bytes, not a copy. */
  bytes(length: number): Uint8Array {
    const begin = this.skip(length);
    return this.#bytes.subarray(begin, begin + length);
  }

  text(length: number): string {
    return new TextDecoder().decode(this.bytes(length));
  }

  /** Up to the next line feed, which is stepped over. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at);
    if (end < 0) this.#ended();
    const text = this.text(end - this.at);
    this.skip(1);
    return text;
  }
}
