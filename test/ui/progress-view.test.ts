import fc from 'fast-check';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { EventBody } from '../../src/core/event.ts';
import { initialRun } from '../../src/core/run-state.ts';
import { progressView } from '../../src/ui/progress-view.ts';
import { displayWidth } from '../../src/util/display-width.ts';
import { failed, finished, progress, reused, run, start, started, startedIn, stateAfter } from './events.ts';

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

  it('shows no names that steer the terminal', () => {
    const shown = view([
      run(2),
      started('a\u001b[2J'),
      failed('b\r', 'x\u001b]0;t\u0007'),
      progress('a\u001b[2J', { unit: 'e\u009bm' }),
    ]);
    for (const line of shown) expect(line).not.toMatch(/\p{Cc}/u);
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

  it('shows what differs between running cells, and cuts what they share', () => {
    const told = { imagesPerSecond: 1369, loss: 0.41234, eta: 12 };
    const cells = ['AT,kd_ratio=1000,seed=0', 'AT,kd_ratio=1000,seed=1', 'MGD,kd_ratio=0.7,seed=0'].map(
      (rest) => `student[teacher=teacher,model=mobilenetv2,kd_method=${rest}]`,
    );
    const all = [run(99), ...cells.map((cell) => started(cell)), ...cells.map((cell) => progress(cell, told))];
    expect(view(all, { rows: 7 }).slice(2)).toEqual([
      '  student[kd_method=AT,kd_ratio=1000,seed=0]  ███░░  6/10 epochs  ETA 12.0 s',
      '  student[kd_method=AT,kd_ratio=1000,seed=1]  ███░░  6/10 epochs  ETA 12.0 s',
      '  student[kd_method=MGD,kd_ratio=0.7,seed=0]  ███░░  6/10 epochs  ETA 12.0 s',
    ]);
    expect(view(all, { columns: 110 }).slice(2)).toEqual([
      '  student[kd_method=AT,kd_ratio=1000,seed=0]  ██████░░░░  6/10 epochs  1369 img/s  loss 0.412  ETA 12.0 s',
      '  student[kd_method=AT,kd_ratio=1000,seed=1]  ██████░░░░  6/10 epochs  1369 img/s  loss 0.412  ETA 12.0 s',
      '  student[kd_method=MGD,kd_ratio=0.7,seed=0]  ██████░░░░  6/10 epochs  1369 img/s  loss 0.412  ETA 12.0 s',
    ]);
  });

  it('leaves out facts where there is no room, and never the ETA', () => {
    const cells = Array.from({ length: 12 }, (_, at) => `student[teacher=teacher,kd_method=MGD,seed=${at + 10}]`);
    const told = { loss: 1, imagesPerSecond: 1369, eta: 4000 };
    const all = [run(99), ...cells.map((cell) => started(cell)), ...cells.map((cell) => progress(cell, told))];
    const at = (columns: number): string => view(all, { columns })[2] ?? '';
    expect(at(80)).toBe('  student[seed=10]  ███░░  6/10 epochs  1369 img/s  loss 1.00  ETA 1 h 07 min');
    expect(at(70)).toBe('  student[seed=10]  ███░░  6/10 epochs  1369 img/s  ETA 1 h 07 min');
    expect(at(60)).toBe('  student[seed=10]  ███░░  6/10 epochs  ETA 1 h 07 min');
    expect(at(50)).toBe('  student[seed=10]  6/10 epochs  ETA 1 h 07 min');
    expect(view(all, { columns: 50 })).toHaveLength(14);
  });

  it('shows one rate and one ETA of a cohort, and of its members what is their own', () => {
    const methods = ['SoftTarget,kd_weight=9', 'AT,kd_weight=1000', 'SP,kd_weight=10'];
    const cells = methods.map((method) => `student[teacher=teacher,kd_method=${method},seed=0]`);
    const rates = [55, 307, 110];
    const lines = view([
      run(70),
      ...cells.map((cell) => startedIn(cells[0] ?? '', 3, cell)),
      ...cells.map((cell, at) =>
        progress(cell, { imagesPerSecond: rates[at] ?? 0, loss: 0.5 + at, eta: 70 + at, done: 6 + at / 10 }),
      ),
    ]);
    expect(lines).toEqual([
      'cub  0/70  ░░░░░░░░░░░░░░░░░░░░  1 min 20 s',
      '3 running · 67 waiting',
      '  student ×3  ██████░░░░  6.1/10 epochs  472 img/s  ETA 1 min 12 s',
      '    kd_method=SoftTarget kd_weight=9  loss 0.500',
      '    kd_method=AT kd_weight=1000       loss 1.50',
      '    kd_method=SP kd_weight=10         loss 2.50',
    ]);
  });

  it('sets the members of large cohorts in columns, as much of them as fits', () => {
    const cells = (seed: number): readonly string[] =>
      Array.from({ length: 21 }, (_, at) => `student[teacher=t,kd_method=Method${at},kd_weight=${at},seed=${seed}]`);
    const both = [cells(0), cells(1)];
    const all = [
      run(70),
      ...both.flatMap((cohort) => cohort.map((cell) => startedIn(cohort[0] ?? '', 21, cell))),
      ...both.flat().map((cell) => progress(cell, { imagesPerSecond: 10, loss: 0.5, eta: 70 })),
    ];
    const lines = view(all);
    expect(lines.length).toBeLessThan(24);
    expect(lines.slice(2, 5)).toEqual([
      '  student[seed=0] ×21  ██████░░░░  6/10 epochs  210 img/s  ETA 1 min 10 s',
      '    Method0   loss 0.500   Method1   loss 0.500   Method2   loss 0.500',
      '    Method3   loss 0.500   Method4   loss 0.500   Method5   loss 0.500',
    ]);
    expect(view(all, { rows: 14 }).slice(2, 4)).toEqual([
      '  student[seed=0] ×21  ██████░░░░  6/10 epochs  210 img/s  ETA 1 min 10 s',
      '    Method0    Method1    Method2    Method3    Method4    Method5    Method6',
    ]);
    expect(view(all, { rows: 6 }).slice(2)).toEqual([
      '  student[seed=0] ×21  ██████░░░░  6/10 epochs  210 img/s  ETA 1 min 10 s',
      '  student[seed=1] ×21  ██████░░░░  6/10 epochs  210 img/s  ETA 1 min 10 s',
    ]);
    expect(view(all, { rows: 4 }).slice(2)).toEqual(['  … and 42 more running']);
  });

  it('says of a member where it is when the others are elsewhere, and whom it waits for', () => {
    const [a, b, c] = ['s[m=a]', 's[m=b]', 's[m=c]'];
    const lines = view([
      run(3),
      ...[a, b, c].map((cell) => startedIn(a, 3, cell)),
      progress(a, { done: 9, loss: 1 }),
      progress(b, { done: 2, loss: 2 }),
      { type: 'stage-waiting', cell: c, key: 'k', holder: 'pid 7' },
    ]);
    expect(lines.slice(2)).toEqual([
      '  s ×3  ██████░░░░  5.5/10 epochs',
      '    m=a  9/10  loss 1.00   m=b  2/10  loss 2.00   m=c  waits for pid 7',
    ]);
  });

  it('shows of a program how long it runs and what it wrote last', () => {
    const state = stateAfter(run(3), started('train[seed=0]'), started('train[seed=1]'));
    const lastLines = new Map([['train[seed=0]', 'epoch 3/10 loss 0.5']]);
    const lines = progressView(state, { columns: 50, rows: 5, now: start + 80_000, lastLines });
    expect(lines.slice(2)).toEqual(['  train[seed=0]  1 min 19 s  epoch 3/10 loss 0.5', '  train[seed=1]  1 min 18 s']);
  });

  it('has an ETA of the whole run, which no name pushes out', () => {
    const stages = [{ stage: 'a', kind: 'a', cells: 9, needs: [], took: { wall: 160, slot: 160 } }];
    const [line] = view([run(9, 2, stages)]);
    expect(line).toBe('cub  0/9  ░░░░░░░░░░░░░░░░░░░░  1 min 20 s  ETA ~12 min');
    const named = { ...stateAfter(run(9, 2, stages)), pipeline: 'a-name-'.repeat(9) };
    const head = (columns: number): string | undefined =>
      progressView(named, { columns, rows: 24, now: start + 80_000 })[0];
    expect(head(100)).toBe(`${named.pipeline}  0/9  1 min 20 s  ETA ~12 min`);
    expect(head(60)).toBe('a-name-a-name-a…a-name-a-name-  0/9  1 min 20 s  ETA ~12 min');
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
