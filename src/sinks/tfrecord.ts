/** Castagnoli's polynomial, bits reversed: CRC-32C (RFC 3720, appendix B.4). */
const POLYNOMIAL = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ POLYNOMIAL : rest >>> 1;
  return rest >>> 0;
});

/**
 * CRC-32C of bytes.
 *
 * @param bytes - any
 * @returns a whole number below 2³²
 */
export function crc32c(bytes: Uint8Array): number {
  let rest = 0xffffffff;
  for (const byte of bytes) rest = (table[(rest ^ byte) & 255] ?? 0) ^ (rest >>> 8);
  return (rest ^ 0xffffffff) >>> 0;
}

/** Turned by 15 bits and moved, as TFRecords have it: a checksum of bytes that hold their own checksum would be no good. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/**
 * Frames a record as TFRecord files have it: its length (uint64), the checksum of that, the record, its checksum.
 *
 * @param record - its bytes
 * @returns the frame
 */
export function framed(record: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(record.length + 16);
  frame.writeBigUInt64LE(BigInt(record.length), 0);
  frame.writeUInt32LE(masked(frame.subarray(0, 8)), 8);
  frame.set(record, 12);
  frame.writeUInt32LE(masked(record), 12 + record.length);
  return frame;
}
