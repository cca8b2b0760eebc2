import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { kdpipe, Project } from '../support/project.ts';

const hasTmux = spawnSync('tmux', ['-V']).status === 0;
if (!hasTmux) console.warn('SKIPPED: the live view in a real terminal emulator; tmux is not installed');

/** A session of tmux of its own server: a terminal that wraps, scrolls and resizes as those of users do. */
class Terminal {
  readonly #server = `kdpipe-test-${process.pid}`;

  constructor(columns: number, rows: number, folder: string, command: string) {
    this.#tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), '-c', folder, command);
  }

  /** What the user sees. */
  lines(): readonly string[] {
    return this.#tmux('capture-pane', '-p').trimEnd().split('\n');
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** Waits for a screen of which `holds` is true. */
  until(holds: (lines: readonly string[]) => boolean): Promise<readonly string[]> {
    return vi.waitFor(
      () => {
        const lines = this.lines();
        expect(lines, lines.join('\n')).toSatisfy(holds);
        return lines;
      },
      { timeout: 120_000, interval: 100 },
    );
  }

  /** Interrupts the program, and waits for its end. */
  async close(): Promise<void> {
    for (const _ of [1, 2]) this.#tmux('send-keys', 'C-c');
    await vi.waitFor(() => expect(this.#tmux('list-sessions')).toBe(''), { timeout: 120_000, interval: 100 });
  }

  #tmux(...words: readonly string[]): string {
    return spawnSync('tmux', ['-L', this.#server, ...words], { encoding: 'utf8' }).stdout;
  }
}

const matching = (lines: readonly string[], pattern: RegExp): number =>
  lines.filter((line) => pattern.test(line)).length;
const head = /^quickstart {2}\d+\/\d+ /;
const cohort = /^ +student\S* ×3 .* epochs .*ETA [\d.]+ \w+/;

/** Two cohorts are drawn: each has one rate and one ETA, its members none. */
const isDrawn = (lines: readonly string[]): boolean =>
  head.test(lines[0] ?? '') && matching(lines, cohort) === 2 && matching(lines, /kd_ratio=0\.5 +loss/) === 2;

describe.skipIf(!hasTmux)('the live view in tmux', () => {
  let project: Project;
  let terminal: Terminal;
  beforeAll(() => {
    project = new Project({ 'README.md': '<!-- kdpipe:quickstart -->\n<!-- /kdpipe:quickstart -->\n' });
    mkdirSync(project.path('pipelines'));
    copyFileSync(join('pipelines', 'quickstart.yaml'), project.path('pipelines/quickstart.yaml'));
    const run = `unset CI NO_COLOR; ${process.execPath} ${kdpipe} run pipelines/quickstart.yaml`;
    const options = '-j 2 -S epochs=3000 -S alone.with.epochs=1 -S teacher.with.epochs=1';
    terminal = new Terminal(80, 24, project.folder, `sh -c '${run} ${options}'`);
  });
  afterAll(async () => {
    await terminal.close();
    project.remove();
  });

  it('shows at 80×24 what tells cohorts and their members apart, one ETA each, and that of the run', async () => {
    const lines = await terminal.until(isDrawn);
    expect(lines[0]).toMatch(/ETA [~>]\d/);
    for (const ratio of ['0.5', '0.8', '0.95']) expect(lines.join('\n')).toContain(`kd_ratio=${ratio}`);
    for (const line of lines.slice(1)) if (line.includes('loss')) expect(line).not.toMatch(/ETA|img\/s/);
  });

  it('is drawn anew after each change of size, with nothing left of what it was', async () => {
    for (const [columns, rows] of [
      [200, 50],
      [80, 24],
      [64, 24],
      [120, 24],
    ] as const) {
      terminal.resize(columns, rows);
      await terminal.until(
        (lines) =>
          head.test(lines.find((line) => line !== '') ?? '') &&
          matching(lines, head) === 1 &&
          matching(lines, / waiting/) === 1 &&
          matching(lines, / ×3( |$)/) === 2 &&
          matching(lines, / epochs .*ETA [\d.]+ \w+/) === 2,
      );
    }
  });
});
