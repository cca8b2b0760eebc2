import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { EventBody } from '../../src/core/event.ts';
import type { Reporter } from '../../src/ui/reporter.ts';
import { treeReporter, wrappedRows } from '../../src/ui/tree.ts';
import { ended, event, failed, finished, keptOptions, progress, reused, run, started } from './events.ts';
import { Screen } from './screen.ts';

const terminal = { columns: 80, rows: 24 };
let open: Reporter | undefined;
afterEach(() => {
  open?.close();
});

/** A tree on a kept terminal. */
function tree(size = terminal) {
  const options = keptOptions(size);
  const reporter = treeReporter(options);
  open = reporter;
  const send = (...bodies: readonly EventBody[]): void => bodies.forEach((body, at) => reporter.event(event(at, body)));
  return { options, reporter, send, screen: () => new Screen().write(options.err.text()) };
}

/** Waits until the terminal shows a text: the renderer is loaded when the first stage starts. */
const until = (screen: () => Screen, text: string): Promise<void> =>
  vi.waitFor(() => expect(screen().text()).toContain(text), { timeout: 120_000, interval: 20 });

describe('the live view on a terminal', () => {
  it('shows running cells, and follows what happens', async () => {
    const { send, screen } = tree();
    send(run(9), reused('r'), started('student[seed=0]'), progress('student[seed=0]', { loss: 0.5 }));
    await until(screen, 'student[seed=0]');
    expect(screen().text()).toBe(
      [
        'cub  1/9  ██░░░░░░░░░░░░░░░░░░  5.0 s',
        '1 running · 7 waiting · 1 reused',
        '  student[seed=0]  ██████░░░░  6/10 epochs  loss 0.500',
      ].join('\n'),
    );
    send(finished('student[seed=0]'), started('student[seed=1]'), failed('x'));
    await until(screen, 'student[seed=1]');
    expect(screen().text()).toBe(
      [
        'cub  3/9  ███████░░░░░░░░░░░░░  5.0 s',
        '1 running · 5 waiting · 1 reused · 1 finished · 1 failed',
        '  student[seed=1]  4.0 s',
        '  ✗ x: the command exited with code 7 [command-failed]',
      ].join('\n'),
    );
  });

  it('leaves a clean terminal, with its cursor', async () => {
    const { options, reporter, send, screen } = tree();
    send(run(9), started('a'));
    await until(screen, '1 running');
    expect(screen().cursorShown).toBe(false);
    send(finished('a'), ended());
    reporter.close();
    expect(screen().text()).toBe('');
    expect(screen().cursorShown).toBe(true);
    options.err.write('summary\n');
    expect(screen().text()).toBe('summary');
  });

  it('never takes more lines than the terminal has, in a sweep of 500 cells', async () => {
    const { send, screen } = tree({ columns: 80, rows: 12 });
    const cells = Array.from({ length: 40 }, (_, at) => `student[teacher=teacher,kd_method=MGD,seed=${at}]`);
    send(run(500), ...cells.map((cell) => started(cell)));
    await until(screen, 'more running');
    send(...cells.slice(0, 9).map((cell) => failed(cell)), ...cells.map((cell) => progress(cell)));
    await until(screen, '9 failed');
    expect(screen().tallest).toBeLessThan(12);
  });

  it('loads and draws nothing for a run with nothing to do', async () => {
    const { options, reporter, send } = tree();
    send(run(3), reused('a'), reused('b'), reused('c'), ended());
    await delay(0);
    reporter.close();
    expect(options.err.text()).toBe('');
  });

  it('draws nothing once it is closed, even if it was closed while it opened', async () => {
    const { options, reporter, send, screen } = tree();
    send(run(3), started('a'));
    reporter.close();
    options.err.write('summary\n');
    await delay(500);
    expect(screen().text()).toBe('summary');
    expect(screen().cursorShown).toBe(true);
    send(started('b'));
    expect(screen().text()).toBe('summary');
  });

  it('draws nothing where there is no terminal', async () => {
    const options = keptOptions();
    open = treeReporter(options);
    open.event(event(0, run(3)));
    open.event(event(1, started('a')));
    await delay(300);
    expect(options.err.text()).toBe('');
  });

  it('keeps what others write meanwhile, and shows it when it ends', async () => {
    const { options, reporter, send, screen } = tree();
    send(run(3), started('a'));
    await until(screen, '1 running');
    options.err.write('a warning of node\n');
    reporter.close();
    expect(screen().text()).toBe('a warning of node');
  });
});

describe('a terminal that has become narrower', () => {
  it('has wrapped the lines that stand there', () => {
    expect(wrappedRows(['a'.repeat(79), 'b'.repeat(40), ''], 80)).toBe(0);
    expect(wrappedRows(['a'.repeat(79), 'b'.repeat(40), ''], 40)).toBe(1);
    expect(wrappedRows([`\u001b[1m${'模'.repeat(39)}\u001b[22m`], 26)).toBe(2);
  });

  it('is drawn anew at its new width, with nothing of the old drawing left', async () => {
    const { options, send, screen } = tree({ columns: 80, rows: 24 });
    send(run(9), started('student[teacher=teacher,kd_method=SoftTarget,kd_ratio=0.5,seed=0]'));
    await until(screen, '1 running');
    const before = options.err.text().length;
    Object.assign(options.err, { columns: 40 });
    options.err.emit('resize');
    // A terminal has wrapped the third line by now: three lines, one more row, and that of the cursor are cleared.
    await vi.waitFor(() => expect(options.err.text().slice(before)).toContain('1 running'));
    const [cleared = ''] = options.err.text().slice(before).split('1 running');
    expect(cleared.split('\u001b[2K').length - 1).toBe(5);
    const lines = new Screen().write(options.err.text().slice(before)).lines;
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(40);
  });

  it('shows what programs wrote last, without their escape sequences and what they wrote over', async () => {
    const options = { ...keptOptions(terminal), lastLine: () => '\u001b[32m 10%\r 50%\u0007 of it\u001b[0m\r' };
    const reporter = treeReporter(options);
    open = reporter;
    reporter.event(event(0, run(3)));
    reporter.event(event(1, started('train')));
    await until(() => new Screen().write(options.err.text()), '  train  4.0 s  50% of it');
  });
});
