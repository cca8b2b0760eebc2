import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ResumableSha256, type Sha256State } from '../../src/util/resumable-sha256.ts';

const sha256 = (parts: readonly Uint8Array[]): string =>
  createHash('sha256').update(Buffer.concat(parts)).digest('hex');

/** Hands a digest over from one to the next after each part, through JSON. */
function inTurns(parts: readonly Uint8Array[]): string {
  let state: Sha256State | undefined;
  for (const part of parts) {
    const sum = new ResumableSha256(state);
    sum.update(part);
    state = JSON.parse(JSON.stringify(sum.state())) as Sha256State;
  }
  return new ResumableSha256(state).digest();
}

describe('a SHA-256 that can be put down', () => {
  it('is that of Node for every length around a block', () => {
    for (let length = 0; length <= 130; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
      expect(inTurns([bytes])).toBe(sha256([bytes]));
    }
  });

  it('is that of Node in whatever pieces it is taken up again', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), (parts) => {
        expect(inTurns(parts)).toBe(sha256(parts));
      }),
    );
  });

  it('may be asked for in between', () => {
    const sum = new ResumableSha256();
    sum.update(Buffer.from('abc'));
    expect(sum.digest()).toBe(sha256([Buffer.from('abc')]));
    sum.update(Buffer.from('def'));
    expect(sum.digest()).toBe(sha256([Buffer.from('abcdef')]));
    expect(sum.length).toBe(6);
  });
});
