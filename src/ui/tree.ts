import type { ListrDefaultRendererLogLevels } from 'listr2';
import { initialRun, runState } from '../core/run-state.ts';
import { progressView } from './progress-view.ts';
import type { Output, Reporter, ReporterOptions } from './reporter.ts';

/** Milliseconds between two drawings: seconds tick, and a terminal over ssh keeps up. */
const drawEvery = 200;

/** A live region of the terminal. */
interface LiveRegion {
  draw(): void;
  /** Clears the region and gives the terminal back. */
  end(): void;
}

/** Tells a terminal from other streams. */
const isTerminal = (stream: Output): stream is Output & NodeJS.WriteStream => stream.isTTY === true;

/**
 * Opens a live region with listr2's renderer. Its task list knows only tasks that are there from the start, while a
 * sweep has a few running cells out of thousands; so the renderer draws the lines of one view function instead.
 *
 * @param terminal - where to draw
 * @param lines - the lines to show
 * @returns the opened region
 */
async function liveRegion(terminal: NodeJS.WriteStream, lines: () => readonly string[]): Promise<LiveRegion> {
  const { DefaultRenderer, ListrEventManager, ListrLogger, ProcessOutput } = await import('listr2');
  class ViewRenderer extends DefaultRenderer {
    override create(): string {
      return lines().join('\n');
    }
  }
  const processOutput = new ProcessOutput(terminal, terminal, { leaveEmptyLine: false });
  const logger = new ListrLogger<ListrDefaultRendererLogLevels>({ processOutput });
  const renderer = new ViewRenderer([], { lazy: true, clearOutput: true, logger }, new ListrEventManager());
  await renderer.render();
  return { draw: () => renderer.update(), end: () => renderer.end() };
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
  let region: LiveRegion | undefined;
  let timer: NodeJS.Timeout | undefined;
  let opened = false;
  let closed = false;

  const lines = (): readonly string[] => {
    const { columns = 80, rows = 24 } = options.err;
    // The last column stays free: terminals and libraries disagree on the width of some characters.
    return progressView(state, { columns: columns - 1, rows, now: options.now(), color: options.color });
  };
  const open = async (): Promise<void> => {
    opened = true;
    if (!isTerminal(options.err)) return;
    const live = await liveRegion(options.err, lines);
    if (closed) {
      live.end();
      return;
    }
    region = live;
    region.draw();
    timer = setInterval(() => live.draw(), drawEvery).unref();
  };

  return {
    event: (event) => {
      if (closed) return;
      state = runState(state, event);
      if (event.type === 'stage-started' && !opened) void open();
    },
    close: () => {
      closed = true;
      clearInterval(timer);
      region?.end();
      region = undefined;
    },
  };
}
