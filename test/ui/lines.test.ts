import { describe, expect, it } from 'vitest';
import type { EventBody } from '../../src/core/event.ts';
import { linesReporter } from '../../src/ui/lines.ts';
import { ended, event, failed, finished, keptOptions, progress, reused, run, started } from './events.ts';

/** The lines that events a second apart make. */
function lines(...bodies: readonly (EventBody | readonly [seconds: number, body: EventBody])[]): readonly string[] {
  const options = keptOptions();
  const reporter = linesReporter(options);
  bodies.forEach((body, at) => {
    const [seconds, what] = 'type' in body ? [at, body] : body;
    reporter.event(event(seconds, what));
  });
  reporter.close();
  expect(options.out.text()).toBe('');
  return options.err.text().trimEnd().split('\n');
}

describe('plain lines', () => {
  it('say what starts and ends, one line each', () => {
    expect(
      lines(
        run(30),
        started('student[seed=0]'),
        finished('student[seed=0]'),
        started('x'),
        failed('x'),
        ended('failed'),
      ),
    ).toEqual([
      'cub: 30 cells, 2 slots, run r1',
      'student[seed=0] started: new',
      '[1/30] student[seed=0] finished 4.1 s val.accuracy 0.93',
      'x started: new',
      '[2/30] x failed: the command exited with code 7 [command-failed]',
    ]);
  });

  it('show no names that steer the terminal, nor lines that names forge', () => {
    const metrics = { 'acc\u001b[2J\n[9/9] x finished': 0.5 };
    const ends: EventBody = { type: 'stage-finished', cell: 's', key: '0'.repeat(64), seconds: 1, metrics };
    const shown = lines(run(1), started('s'), ends, failed('x\u009b2J', 'a\u001b]0;t\u0007b'));
    expect(shown).toHaveLength(4);
    for (const line of shown) expect(line).not.toMatch(/\p{Cc}/u);
  });

  it('say why a stage runs, and in which attempt', () => {
    const reason = 'params.lr 0.0001 → 0.0003\n(and more)';
    expect(lines(run(1), { type: 'stage-started', cell: 'a', key: 'k', attempt: 2, reason })[1]).toBe(
      'a started, attempt 2: params.lr 0.0001 → 0.0003 (and more)',
    );
  });

  it('say progress at most every ten seconds a stage', () => {
    const told = { imagesPerSecond: 1369, loss: 0.41234, eta: 72 };
    expect(
      lines(
        [0, run(2)],
        [0, started('a')],
        [3, progress('a', { done: 1 })],
        [5, started('b')],
        [9.9, progress('a', { done: 2 })],
        [10, progress('a', { done: 3, ...told })],
        [12, progress('b', { done: 1 })],
        [15, progress('b', { done: 2 })],
        [19, progress('a', { done: 4 })],
        [20, progress('a', { done: 5 })],
      ).slice(3),
    ).toEqual(['a 3/10 epochs  1369 img/s  loss 0.412  ETA 1 min 12 s', 'b 2/10 epochs', 'a 5/10 epochs']);
  });

  it('count reused cells in one line, before the next thing that happens', () => {
    const cells = Array.from({ length: 1000 }, (_, at) => reused(`c${at}`));
    expect(lines(run(1002), ...cells, started('a'), finished('a', 0.3), reused('b'), ended())).toEqual([
      'cub: 1002 cells, 2 slots, run r1',
      '[1000/1002] 1000 reused',
      'a started: new',
      '[1001/1002] a finished 0.3 s val.accuracy 0.93',
      '[1002/1002] 1 reused',
    ]);
  });

  it('count reused cells when the run is cut off', () => {
    expect(lines(run(2), reused('a'))).toEqual(['cub: 2 cells, 2 slots, run r1', '[1/2] 1 reused']);
  });

  it.each<[EventBody, string]>([
    [{ type: 'stage-waiting', cell: 'a', key: 'k', holder: 'pid 12 on host' }, 'a waits for pid 12 on host'],
    [
      { type: 'stage-warned', cell: 'a', message: 'amp is off:\nno half precision' },
      'a warns: amp is off: no half precision',
    ],
    [
      {
        type: 'stage-retrying',
        cell: 'a',
        attempt: 2,
        delay: 4,
        failure: { code: 'timed-out', message: 'killed after 5 s' },
      },
      'a failed: killed after 5 s [timed-out]; attempt 2 in 4.0 s',
    ],
    [
      { type: 'stage-tainted', cell: 'a', key: 'k', changed: ['in.csv', 'x.txt'] },
      '[1/5] a tainted: changed while it ran: in.csv, x.txt',
    ],
    [{ type: 'stage-skipped', cell: 'a', because: 'b' }, '[1/5] a skipped: it needs b'],
    [
      { type: 'stage-skipped', cell: 'a', because: null },
      '[1/5] a skipped: the run stops after the first failure (-k goes on)',
    ],
    [{ type: 'stage-interrupted', cell: 'a' }, '[1/5] a interrupted'],
    [{ type: 'stage-finished', cell: 'a', key: 'k', seconds: 2, metrics: {} }, '[1/5] a finished 2.0 s'],
  ])('say of %j: %s', (body, line) => {
    expect(lines(run(5), body)[1]).toBe(line);
  });

  it('say nothing after they are closed', () => {
    const options = keptOptions();
    const reporter = linesReporter(options);
    reporter.event(event(0, run(1)));
    reporter.close();
    const text = options.err.text();
    reporter.event(event(1, started('a')));
    reporter.close();
    expect(options.err.text()).toBe(text);
  });
});
