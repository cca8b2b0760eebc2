import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventBody } from '../../src/core/event.ts';
import { reporters, type ReporterEntry } from '../../src/ui/registry.ts';
import { ended, event, failed, finished, keptOptions, progress, reused, run, started } from '../ui/events.ts';

const cell = fc.constantFrom('a', 'b', 'student[teacher="x,y",seed=0]', '模型');
const text = fc.string({ maxLength: 30 });

/** Any event of a run, in whatever order: a record may be cut off, or replayed from its middle. */
const anyEvent: fc.Arbitrary<EventBody> = fc.oneof(
  fc.nat(1000).map((cells) => run(cells)),
  cell.map((name) => started(name)),
  cell.map((name) => reused(name)),
  cell.map((name) => finished(name)),
  fc.tuple(cell, text).map(([name, message]) => failed(name, message)),
  fc
    .tuple(cell, fc.nat(20), fc.nat(20))
    .map(([name, done, total]) => progress(name, { done, total, ...(done % 2 ? { loss: done, eta: total } : {}) })),
  fc.tuple(cell, text).map(([name, holder]): EventBody => ({ type: 'stage-waiting', cell: name, key: 'k', holder })),
  fc.tuple(cell, text).map(([name, message]): EventBody => ({ type: 'stage-warned', cell: name, message })),
  fc.tuple(cell, text).map(([name, message]): EventBody => ({
    type: 'stage-retrying',
    cell: name,
    attempt: 2,
    delay: 1,
    failure: { code: 'x', message },
  })),
  fc.tuple(cell, fc.option(cell)).map(([name, because]): EventBody => ({ type: 'stage-skipped', cell: name, because })),
  cell.map((name): EventBody => ({ type: 'stage-tainted', cell: name, key: 'k', changed: ['x'] })),
  cell.map((name): EventBody => ({ type: 'stage-interrupted', cell: name })),
  fc.constant(ended()),
);

const entries: readonly (readonly [string, ReporterEntry])[] = Object.entries<ReporterEntry>(reporters);

describe.each(entries)('the reporter "%s"', (name, entry) => {
  it('says what it is for', () => {
    expect(entry.summary).toMatch(/^[a-z].*[^.]$/);
  });

  it('takes any events in any order, and throws for none', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyEvent, { maxLength: 30 }), async (bodies) => {
        const reporter = await entry.create(keptOptions());
        bodies.forEach((body, at) => reporter.event(event(at, body)));
        reporter.close();
      }),
    );
  });

  it('writes nothing after it is closed, and may be closed twice', async () => {
    const options = keptOptions({ columns: 80, rows: 24 });
    const reporter = await entry.create(options);
    reporter.event(event(0, run(2)));
    reporter.close();
    const before = [options.out.text(), options.err.text()];
    reporter.event(event(1, started('a')));
    reporter.event(event(2, finished('a')));
    reporter.close();
    expect([options.out.text(), options.err.text()]).toEqual(before);
  });

  it('keeps standard output for results: only machine-readable events go there', async () => {
    const options = keptOptions();
    const reporter = await entry.create(options);
    const bodies = [run(2), started('a'), progress('a'), finished('a'), failed('b'), ended('failed')];
    bodies.forEach((body, at) => reporter.event(event(at * 20, body)));
    reporter.close();
    const lines = options.out.text().trimEnd();
    if (name === 'ndjson') {
      expect(lines.split('\n').map((line) => JSON.parse(line) as unknown)).toEqual(
        bodies.map((body, at) => event(at * 20, body)),
      );
    } else expect(lines).toBe('');
  });

  it('takes 10,000 events in well under a second', async () => {
    const reporter = await entry.create(keptOptions());
    const begin = performance.now();
    reporter.event(event(0, run(10_000)));
    for (let at = 0; at < 10_000; at++) reporter.event(event(1, reused(`cell[${at}]`)));
    reporter.close();
    expect(performance.now() - begin).toBeLessThan(1000);
  });
});
