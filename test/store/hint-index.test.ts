import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Hint } from '../../src/store/entry.ts';
import { HintIndex } from '../../src/store/hint-index.ts';
import { keyOf, temporaryFolder } from './stored.ts';

const hint = (size: number, path = 'out.txt'): Hint => ({
  manifest: [size, 1_760_000_000_000.123, 42],
  folders: [['', [4096, 1_760_000_000_000.456, 43]]],
  files: [[path, [1, 2, 3]]],
  outputs: { out: { path, digest: keyOf(size) } },
});

describe('HintIndex', () => {
  it('knows nothing without a file, and makes none by looking', () => {
    const file = join(temporaryFolder(), 'index');
    expect(new HintIndex(file).get(keyOf(1))).toBeUndefined();
    expect(existsSync(file)).toBe(false);
  });

  it('gives back what was put, now and in the next process', () => {
    const file = join(temporaryFolder(), 'missing/index');
    const index = new HintIndex(file);
    index.put(keyOf(1), hint(1));
    index.put(keyOf(2), hint(2, 'Ergebnis ü\n"x".txt'));
    for (const one of [index, new HintIndex(file)]) {
      expect(one.get(keyOf(1))).toEqual(hint(1));
      expect(one.get(keyOf(2))).toEqual(hint(2, 'Ergebnis ü\n"x".txt'));
      expect(one.get(keyOf(3))).toBeUndefined();
    }
  });

  it('believes the last line about a key', () => {
    const file = join(temporaryFolder(), 'index');
    for (const size of [1, 2, 3]) new HintIndex(file).put(keyOf(1), hint(size));
    expect(new HintIndex(file).get(keyOf(1))).toEqual(hint(3));
  });

  it('loses at most the torn line when a process was killed while it appended', () => {
    const file = join(temporaryFolder(), 'index');
    new HintIndex(file).put(keyOf(1), hint(1));
    const line = readFileSync(file, 'utf8');
    for (let length = 0; length <= line.length; length++) {
      writeFileSync(file, line);
      new HintIndex(file).put(keyOf(2), hint(2));
      const two = readFileSync(file, 'utf8').slice(line.length);
      writeFileSync(file, line + two.slice(0, length));
      new HintIndex(file).put(keyOf(3), hint(3));
      const index = new HintIndex(file);
      expect([index.get(keyOf(1)), index.get(keyOf(3))]).toEqual([hint(1), hint(3)]);
      expect([undefined, hint(2)]).toContainEqual(index.get(keyOf(2)));
    }
  });

  it('answers right or not at all, whatever bytes are in the file', () => {
    const folder = temporaryFolder();
    const template = join(folder, 'template');
    for (const size of [1, 2, 3]) new HintIndex(template).put(keyOf(size), hint(size));
    const whole = readFileSync(template);
    const file = join(folder, 'index');
    const change = fc.record({
      at: fc.nat(whole.length - 1),
      bytes: fc.uint8Array({ maxLength: 90 }),
      cut: fc.nat(90),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let bytes: Buffer = whole;
        for (const { at, bytes: planted, cut } of changes)
          bytes = Buffer.concat([bytes.subarray(0, at), planted, bytes.subarray(at + cut)]);
        writeFileSync(file, bytes);
        const index = new HintIndex(file);
        for (const size of [1, 2, 3]) expect([undefined, hint(size)]).toContainEqual(index.get(keyOf(size)));
      }),
      { numRuns: 500 },
    );
  });

  it('is written anew when most of its lines are out of date', () => {
    const file = join(temporaryFolder(), 'index');
    new HintIndex(file).put(keyOf(1), hint(1));
    const line = readFileSync(file, 'utf8');
    appendFileSync(file, line.repeat(1500));
    new HintIndex(file).put(keyOf(2), hint(2));
    expect(readFileSync(file, 'utf8').length).toBeLessThan(3 * line.length);
    const index = new HintIndex(file);
    expect([index.get(keyOf(1)), index.get(keyOf(2))]).toEqual([hint(1), hint(2)]);
  });

  it('goes on in memory when the file cannot be written', () => {
    const file = join(temporaryFolder(), 'index');
    mkdirSync(file);
    const index = new HintIndex(file);
    index.put(keyOf(1), hint(1));
    expect(index.get(keyOf(1))).toEqual(hint(1));
  });
});
