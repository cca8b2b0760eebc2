import type { ListrDefaultRendererLogLevels } from 'listr2';
import { stripVTControlCharacters } from 'node:util';
import type { CellId } from '../core/plan.ts';
import { initialRun, runState, type RunState } from '../core/run-state.ts';
import { displayWidth } from '../util/display-width.ts';
import { oneLine } from './progress-text.ts';
import { progressView } from './progress-view.ts';
import type { Output, Reporter, ReporterOptions } from './reporter.ts';

/** Milliseconds between two drawings: seconds tick, and a terminal over ssh keeps up. */
const drawEvery = 200;
/** Most logs that are looked into for a drawing: more do not fit on a terminal. */
const mostLastLines = 50;

/** A live region of the terminal, of the size that the terminal had when it was opened. */
interface LiveRegion {
  draw(): void;
  /** Clears the region and gives the terminal back. */
  end(): void;
}

/** Tells a terminal from other streams. */
const isTerminal = (stream: Output): stream is Output & NodeJS.WriteStream => stream.isTTY === true;

/**
 * Counts the rows that lines take beyond one each after a terminal has become narrower: it wraps what stands there.
 *
 * @param lines - what was drawn, with or without colours
 * @param columns - of the terminal now
 * @returns number of further rows
 */
export function wrappedRows(lines: readonly string[], columns: number): number {
  const rows = (line: string): number =>
    Math.max(1, Math.ceil(displayWidth(stripVTControlCharacters(line)) / Math.max(1, columns)));
  return lines.reduce((sum, line) => sum + rows(line) - 1, 0);
}

/** Clears rows from the cursor's upwards, and leaves the cursor on the highest of them but one that is left as it is. */
const clearUpwards = (rows: number): string => '\u001b[2K\u001b[1A'.repeat(rows);

/**
 * Opens a live region with listr2's renderer. Its task list knows only tasks that are there from the start, while a
 * sweep has a few running cells out of thousands; so the renderer draws the lines of one view function instead. It goes
 * by the size that the terminal has now: after a change another one is opened.
 *
 * @param terminal - where to draw
 * @param lines - the lines to show
 * @returns the opened region
 */
async function liveRegion(terminal: NodeJS.WriteStream, lines: () => readonly string[]): Promise<LiveRegion> {
  const { DefaultRenderer, ListrEventManager, ListrLogger, ProcessOutput } = await import('listr2');
  let drawn: readonly string[] = [];
  class ViewRenderer extends DefaultRenderer {
    override create(): string {
      drawn = lines();
      return drawn.join('\n');
    }
  }
  const processOutput = new ProcessOutput(terminal, terminal, { leaveEmptyLine: false });
  const logger = new ListrLogger<ListrDefaultRendererLogLevels>({ processOutput });
  const renderer = new ViewRenderer([], { lazy: true, clearOutput: true, logger }, new ListrEventManager());
  await renderer.render();
  return {
    draw: () => renderer.update(),
    end: () => {
      // The renderer clears as many rows as it has written; where the terminal has wrapped them since, there are more.
      processOutput.toStdout(clearUpwards(wrappedRows(drawn, terminal.columns)), false);
      renderer.end();
    },
  };
}

/** Draws on a terminal until it is closed, and opens a new region whenever the size has changed. */
class LiveView {
  readonly #terminal: NodeJS.WriteStream;
  readonly #lines: () => readonly string[];
  readonly #resized = () => void this.#reopen();
  #region: LiveRegion | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(terminal: NodeJS.WriteStream, lines: () => readonly string[]) {
    this.#terminal = terminal;
    this.#lines = lines;
    terminal.on('resize', this.#resized);
    void this.#open();
  }

  close(): void {
    this.#closed = true;
    this.#terminal.off('resize', this.#resized);
    this.#clear();
  }

  async #open(): Promise<void> {
    const { columns, rows } = this.#terminal;
    const region = await liveRegion(this.#terminal, this.#lines);
    if (this.#closed || columns !== this.#terminal.columns || rows !== this.#terminal.rows) {
      region.end();
      if (!this.#closed) await this.#open();
      return;
    }
    this.#region = region;
    region.draw();
    this.#timer = setInterval(() => region.draw(), drawEvery).unref();
  }

  async #reopen(): Promise<void> {
    // One that is just being opened looks at the size by itself.
    if (!this.#region) return;
    this.#clear();
    await this.#open();
  }

  #clear(): void {
    clearInterval(this.#timer);
    this.#region?.end();
    this.#region = undefined;
  }
}

/** The last lines of programs whose cells tell nothing else. */
function lastLinesOf({ pipeline, run, running }: RunState, read: ReporterOptions['lastLine']): Map<CellId, string> {
  const silent = running.filter(
    (entry) => !entry.progress && entry.holder === undefined && entry.retryAt === undefined,
  );
  const lines = silent.slice(0, mostLastLines).flatMap(({ cell }) => {
    const line = read?.({ pipeline, run }, cell);
    return line === undefined ? [] : [[cell, plainLine(line)] as const];
  });
  return new Map(lines.filter(([, line]) => line !== ''));
}

/** What a terminal would show of a line: bars are drawn over and over after carriage returns. */
function plainLine(line: string): string {
  const shown =
    stripVTControlCharacters(line)
      .split('\r')
      .findLast((part) => part.trim() !== '') ?? '';
  return oneLine(shown.replaceAll(/\p{Cc}/gu, ' '));
}

/**
 * Shows a live view on a terminal. listr2 is loaded when the first stage starts: a run with nothing to do never pays
 * for it.
 *
 * @param options - `err` is the terminal
 * @returns the reporter
 */
export function treeReporter(options: ReporterOptions): Reporter {
  let state = initialRun;
  let view: LiveView | undefined;
  let closed = false;

  const lines = (): readonly string[] => {
    const { columns = 80, rows = 24 } = options.err;
    const lastLines = lastLinesOf(state, options.lastLine);
    // The last column stays free: terminals and libraries disagree on the width of some characters.
    return progressView(state, { columns: columns - 1, rows, now: options.now(), color: options.color, lastLines });
  };

  return {
    event: (event) => {
      if (closed) return;
      state = runState(state, event);
      if (event.type === 'stage-started' && isTerminal(options.err)) view ??= new LiveView(options.err, lines);
    },
    close: () => {
      closed = true;
      view?.close();
    },
  };
}
