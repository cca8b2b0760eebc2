import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Tail } from '../../../src/cli/logs/tail.ts';

let folder: string;
let log: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-tail-'));
  log = join(folder, 'log.txt');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A reader that takes a piece when it is told to. */
class Reader extends Writable {
  bytes = 0;
  readonly sizes: number[] = [];
  #take: (() => void) | undefined;

  constructor() {
    super({ highWaterMark: 1 });
  }

  override _write(piece: Buffer, _: BufferEncoding, done: () => void): void {
    this.bytes += piece.length;
    this.sizes.push(piece.length);
    this.#take = done;
  }

  take(): void {
    this.#take?.();
  }
}

describe('a long log', () => {
  it('is read as fast as somebody takes it, a piece at a time', async () => {
    const size = 20 * 1024 * 1024;
    writeFileSync(log, '');
    truncateSync(log, size);
    const reader = new Reader();
    const printed = new Tail(log, reader).print();
    let most = 0;
    while (reader.bytes < size) {
      const before = reader.bytes;
      await expect.poll(() => reader.writableLength, { interval: 1 }).toBeGreaterThan(0);
      most = Math.max(most, reader.writableLength);
      reader.take();
      await expect.poll(() => reader.bytes === size || reader.bytes > before, { interval: 1 }).toBe(true);
    }
    reader.take();
    expect(await printed).toBe(true);
    expect(reader.bytes).toBe(size);
    expect(Math.max(most, ...reader.sizes)).toBeLessThanOrEqual(1 << 16);
  });

  it('is left where nobody reads any more', async () => {
    writeFileSync(log, '');
    truncateSync(log, 10 * 1024 * 1024);
    const reader = new Reader();
    const printed = new Tail(log, reader).print();
    await expect.poll(() => reader.bytes).toBeGreaterThan(0);
    reader.destroy();
    await printed;
    expect(reader.bytes).toBeLessThan(1024 * 1024);
  });

  it('is read on from where it was, and may be missing', async () => {
    const read: string[] = [];
    const reader = new Writable({
      write: (piece, _, done) => {
        read.push(String(piece));
        done();
      },
    });
    const tail = new Tail(log, reader);
    expect(await tail.print()).toBe(false);
    writeFileSync(log, 'one\n');
    expect(await tail.print()).toBe(true);
    appendFileSync(log, 'two\n');
    expect(await tail.print()).toBe(true);
    expect(await tail.print()).toBe(false);
    expect(read).toEqual(['one\n', 'two\n']);
  });
});
