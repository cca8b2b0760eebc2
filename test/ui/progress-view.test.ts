import fc from 'fast-check';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { EventBody } from '../../src/core/event.ts';
import { initialRun } from '../../src/core/run-state.ts';
import { progressView } from '../../src/ui/progress-view.ts';
import { displayWidth } from '../../src/util/display-width.ts';
import { failed, finished, progress, reused, run, start, started, stateAfter } from './events.ts';

/** The view at 80x24, 80 seconds after the start. */
const view = (bodies: readonly EventBody[], room: { columns?: number; rows?: number } = {}): readonly string[] =>
  progressView(stateAfter(...bodies), { columns: 80, rows: 24, now: start + 80_000, ...room });

/** Events of a sweep. */
const many = (count: number, make: (cell: string) => EventBody, prefix = 'c'): readonly EventBody[] =>
  Array.from({ length: count }, (_, at) => make(`${prefix}${at}`));

describe('the live view', () => {
  it('is empty before the run starts', () => {
    expect(progressView(initialRun, { columns: 80, rows: 24, now: start })).toEqual([]);
  });

  it('shows the run, the running cells with bars, and the last failures', () => {
    const told = { imagesPerSecond: 1369, loss: 0.41234, eta: 12 };
    expect(
      view([
        run(30),
        ...many(4, reused),
        ...many(7, finished, 'f'),
        started('student[seed=0]'),
        progress('student[seed=0]', told),
        started('student[seed=10]'),
        started('x'),
        failed('x'),
      ]),
    ).toEqual([
      'cub  12/30  ████████░░░░░░░░░░░░  1 min 20 s',
      '2 running · 16 waiting · 4 reused · 7 finished · 1 failed',
      '  student[seed=0]   ██████░░░░  6/10 epochs  1369 img/s  loss 0.412  ETA 12.0 s',
      '  student[seed=10]  1 min 06 s',
      '  ✗ x: the command exited with code 7 [command-failed]',
    ]);
  });

  it('shows who waits, what is tried again and in which attempt a cell is', () => {
    const failure = { code: 'x', message: 'y' };
    expect(
      view([
        run(3),
        started('a'),
        { type: 'stage-waiting', cell: 'a', key: 'k', holder: 'pid 12\non host' },
        started('b'),
        { type: 'stage-retrying', cell: 'b', attempt: 2, delay: 79, failure },
        started('c', 3),
        progress('c', { done: 1, total: 4 }),
      ]).slice(2),
    ).toEqual([
      '  a  waits for pid 12 on host  1 min 19 s',
      '  b  attempt 2 in 3.0 s',
      '  c  ███░░░░░░░  1/4 epochs  attempt 3',
    ]);
  });

  it('draws no bar where the end is not known', () => {
    expect(view([run(1), started('a'), progress('a', { done: 3, total: 0, unit: 'files' })])[2]).toBe('  a  3 files');
  });

  it('gives long names a line of their own, where there is room', () => {
    const cell = 'student[teacher=teacher,kd_method=MGD,kd_ratio=0.7,ema=true,seed=0]';
    const told = { imagesPerSecond: 1369, loss: 0.41234, eta: 12 };
    expect(view([run(2), started(cell), progress(cell, told)])).toEqual([
      'cub  0/2  ░░░░░░░░░░░░░░░░░░░░  1 min 20 s',
      '1 running · 1 waiting',
      '  student[teacher=teacher,kd_method=MGD,kd_ratio=0.7,ema=true,seed=0]',
      '    ██████░░░░  6/10 epochs  1369 img/s  loss 0.412  ETA 12.0 s',
    ]);
  });

  it('shortens long names in the middle where there is none', () => {
    const cells = Array.from({ length: 12 }, (_, at) => `student[teacher=teacher,kd_method=MGD,seed=${at + 10}]`);
    const lines = view(
      [run(99), ...cells.map((cell) => started(cell)), ...cells.map((cell) => progress(cell, { loss: 1, eta: 5 }))],
      { columns: 64 },
    );
    expect(lines[2]).toBe('  student[…eed=10]  ██████░░░░  6/10 epochs  loss 1.00  ETA 5.0…');
    expect(lines).toHaveLength(14);
  });

  it('says how many more run than there is room for', () => {
    const lines = view([run(500), ...many(40, (cell) => started(cell))]);
    expect(lines).toHaveLength(23);
    expect(lines.at(-1)).toBe('  … and 20 more running');
  });

  it('keeps the last three failures in sight, newest at the bottom', () => {
    const lines = view([run(500), ...many(40, (cell) => started(cell)), ...many(5, (cell) => failed(cell), 'f')]);
    expect(lines).toHaveLength(23);
    expect(lines.slice(-4).map((line) => line.slice(0, 6))).toEqual(['  … an', '  ✗ f2', '  ✗ f3', '  ✗ f4']);
  });

  it('leaves room for the message of a failure', () => {
    const [line] = view([run(5), failed(`student[${'x'.repeat(200)}]`, 'the disk is full')]).slice(-1);
    expect(line).toBe(`  ✗ student[${'x'.repeat(12)}…${'x'.repeat(18)}]: the disk is full [command-failed]`);
  });

  it('shows the head only in a terminal of two lines', () => {
    expect(view([run(5), started('a'), failed('b')], { rows: 2 })).toEqual([
      'cub  1/5  ████░░░░░░░░░░░░░░░░  1 min 20 s',
    ]);
  });

  it('never takes more lines than the terminal has, nor a line more columns', () => {
    const name = fc
      .array(fc.constantFrom('a', '=', ',', '模', '…', '[', '🐦'), { minLength: 1, maxLength: 80 })
      .map((parts) => parts.join(''));
    const some = fc.array(name, { maxLength: 60 });
    fc.assert(
      fc.property(
        some,
        some,
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 2, max: 50 }),
        (running, broken, columns, rows) => {
          const told = { imagesPerSecond: 1e6, loss: 1e-9, eta: 1e6 };
          const bodies = [
            run(500),
            ...running.flatMap((cell, at) => [
              started(`${cell}${at}`),
              ...(at % 2 === 0 ? [progress(`${cell}${at}`, told)] : []),
            ]),
            ...broken.map((cell) => failed(`x${cell}`, cell)),
          ];
          const lines = view(bodies, { columns, rows });
          expect(lines.length).toBeLessThan(rows);
          for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });

  it('has the same text with and without colours', () => {
    const state = stateAfter(run(50), ...many(30, (cell) => started(cell)), failed('x'));
    const options = { columns: 80, rows: 24, now: start + 5000 };
    const colored = progressView(state, { ...options, color: true });
    expect(colored.map(stripVTControlCharacters)).toEqual(progressView(state, options));
    expect(colored.join('')).toContain('\u001b[31m');
    expect(progressView(state, options).join('')).not.toContain('\u001b');
  });
});
