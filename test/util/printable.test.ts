import { describe, expect, it } from 'vitest';
import { printable, printableJson, printableLine } from '../../src/util/printable.ts';

/** Clears the screen, sets the title, goes back, turns the order, and the forms of all that in one byte. */
const steering = ['\u001b[2J', '\u001b]0;title\u0007', '\r', '\b', '\u009b31m', '\u202e', '\u2066', '\u2028', '\u007f'];

describe('a printable text', () => {
  it.each(steering)('has no %j', (sequence) => {
    const [shown, line, json] = [printable, printableLine, printableJson].map((f) => f(`a${sequence}b`));
    for (const text of [shown, line, json]) expect(text).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
    expect(JSON.parse(json ?? '')).toBe(`a${sequence}b`);
  });

  it('keeps line breaks, tabs and every other sign', () => {
    const text = 'größe 層.weight 🙂 é\n\tx';
    expect(printable(text)).toBe(text);
    expect(printableJson({ text }, 2)).toBe(JSON.stringify({ text }, null, 2));
  });

  it('on one line cannot leave it', () => {
    expect(printableLine('a\n✗ forged\tb')).toBe('a\u{fffd}✗ forged\u{fffd}b');
  });
});
