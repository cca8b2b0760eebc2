const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/**
 * A message in the wire format of Protocol Buffers, written field by field. Methods return it, so that calls follow each other;
 * repeated fields are calls of their own.
 */
export class Message {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  #push(bytes: Uint8Array): this {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    return this;
  }

  /** Seven bits a byte, the lowest first; negative numbers as 64 bits in two's complement. */
  #varint(value: number): this {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    return this.#push(Uint8Array.from([...bytes, Number(rest)]));
  }

  /** A whole number: int32, int64, bool or an enumeration. */
  int(field: number, value: number): this {
    return this.#varint((field << 3) | VARINT).#varint(value);
  }

  /** A float32. */
  float(field: number, value: number): this {
    return this.#varint((field << 3) | FIXED_32).#push(new Uint8Array(Float32Array.of(value).buffer));
  }

  /** A float64. */
  double(field: number, value: number): this {
    return this.#varint((field << 3) | FIXED_64).#push(new Uint8Array(Float64Array.of(value).buffer));
  }

  /** Bytes as they are. */
  bytes(field: number, value: Uint8Array): this {
    return this.#varint((field << 3) | LENGTH_DELIMITED)
      .#varint(value.length)
      .#push(value);
  }

  /** A text, in UTF-8. */
  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value));
  }

  /** A message within this one, whose fields `fill` writes. */
  message(field: number, fill: (inner: Message) => unknown): this {
    const inner = new Message();
    fill(inner);
    return this.bytes(field, inner.done());
  }

  /** Its bytes so far. */
  done(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }
}
