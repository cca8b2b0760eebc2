import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { crc32c, framed } from '../../src/sinks/tfrecord.ts';
import { TransactionLog } from '../../src/sinks/wandb-log.ts';

describe('TFRecords', () => {
  it('have the checksums of RFC 3720, appendix B.4', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
  });

  it('are their length, its checksum, their bytes and theirs', () => {
    const frame = framed(Buffer.from('abc'));
    expect(frame).toHaveLength(19);
    expect(Buffer.from(frame).readBigUInt64LE(0)).toBe(3n);
    expect(Buffer.from(frame).toString('latin1', 12, 15)).toBe('abc');
  });
});

/** Records of a log, by the words of LevelDB's format; a wrong checksum ends it. */
function recordsIn(log: Buffer): readonly string[] {
  const records: string[] = [];
  let open = '';
  for (let at = 7; at < log.length;) {
    const left = 32_768 - (at % 32_768);
    if (left < 7) {
      at += left;
      continue;
    }
    const [crc, length, type] = [log.readUInt32LE(at), log.readUInt16LE(at + 4), log.readUInt8(at + 6)];
    const piece = log.subarray(at + 6, at + 7 + length);
    expect(crc32(piece)).toBe(crc);
    open += piece.toString('latin1', 1);
    if (type === 1 || type === 4) {
      records.push(open);
      open = '';
    }
    at += 7 + length;
  }
  return records;
}

describe('logs of W&B', () => {
  // The first block has 32,768 − 7 bytes, of which a head takes 7: 32,754 fill it, and from 32,747 on no head of a next one fits.
  it.each([[[0, 1, 5]], [[32_754, 3]], [[32_750, 3]], [[32_747, 3]], [[32_740, 3]], [[100_000, 70_000]]])(
    'hold records of %j bytes, whole over the ends of blocks',
    (sizes) => {
      const log = new TransactionLog();
      const records = sizes.map((size, at) => String(at + 1).repeat(size));
      for (const record of records) log.append(Buffer.from(record));
      expect(recordsIn(Buffer.from(log.done()))).toEqual(records);
    },
  );
});
