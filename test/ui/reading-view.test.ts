import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readingView } from '../../src/ui/reading-view.ts';

/** A view on a stream that keeps what is written, and a clock that is set by hand. */
function open(isTTY: boolean) {
  let [text, time] = ['', 0];
  const err = Object.assign(
    new Writable({
      write: (part, _, done) => {
        text += String(part);
        done();
      },
    }),
    { isTTY },
  );
  return { view: readingView(err, () => time), text: () => text, at: (now: number) => (time = now) };
}

describe('readingView', () => {
  it('says nothing of what is read within a second', () => {
    const { view, text, at } = open(true);
    view.ahead(100);
    at(999);
    view.read(100);
    view.close();
    expect(text()).toBe('');
  });

  it('writes one line over the last on a terminal, and takes it away at the end', () => {
    const { view, text, at } = open(true);
    view.ahead(3 * 2 ** 30);
    for (const now of [1000, 1100, 1200]) {
      at(now);
      view.read(2 ** 30);
    }
    expect(text()).toBe('\r\u001b[2Kreading sources: 1.0 GiB of 3.0 GiB\r\u001b[2Kreading sources: 3.0 GiB of 3.0 GiB');
    view.close();
    view.read(1);
    expect(text().endsWith('\r\u001b[2K')).toBe(true);
  });

  it('writes a line every ten seconds elsewhere', () => {
    const { view, text, at } = open(false);
    view.ahead(2000);
    for (const now of [9999, 10_000, 15_000, 20_000]) {
      at(now);
      view.read(500);
    }
    view.close();
    expect(text()).toBe('reading sources: 1.0 KiB of 2.0 KiB\nreading sources: 2.0 KiB of 2.0 KiB\n');
  });
});
