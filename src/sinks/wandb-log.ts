import { crc32 } from 'node:zlib';

/** W&B's mark and the version of the framing. */
const MAGIC = Buffer.from([0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0x00]);
const BLOCK = 32_768;
const HEAD = 7;

/** Whether a piece is a whole record, or its first, a middle or its last part. */
const [FULL, FIRST, MIDDLE, LAST] = [1, 2, 3, 4] as const;

const typeOf = (isFirst: boolean, isLast: boolean): number =>
  isFirst ? (isLast ? FULL : FIRST) : isLast ? LAST : MIDDLE;

/**
 * A log of records as LevelDB frames them, with a mark of W&B before: blocks of 32 KiB with pieces in them, each behind its
 * checksum (CRC-32 of type and bytes), length (uint16) and type.
 */
export class TransactionLog {
  readonly #parts: Buffer[] = [MAGIC];
  #length = MAGIC.length;

  #push(part: Buffer): void {
    this.#parts.push(part);
    this.#length += part.length;
  }

  /** Appends a record. */
  append(record: Uint8Array): void {
    let rest = Buffer.from(record);
    for (let isFirst = true; isFirst || rest.length > 0; isFirst = false) {
      const left = BLOCK - (this.#length % BLOCK);
      // No room for a head: the block ends with zeros.
      if (left < HEAD) this.#push(Buffer.alloc(left));
      const room = BLOCK - (this.#length % BLOCK) - HEAD;
      const piece = rest.subarray(0, room);
      rest = rest.subarray(piece.length);
      const frame = Buffer.concat([Buffer.alloc(HEAD), piece]);
      frame.writeUInt8(typeOf(isFirst, rest.length === 0), 6);
      frame.writeUInt16LE(piece.length, 4);
      frame.writeUInt32LE(crc32(frame.subarray(6)), 0);
      this.#push(frame);
    }
  }

  /** Its bytes so far. */
  done(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}
