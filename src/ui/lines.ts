import type { Event } from '../core/event.ts';
import type { CellId } from '../core/plan.ts';
import { duration } from '../util/duration.ts';
import { printableLine } from '../util/printable.ts';
import { pluralize } from '../util/text.ts';
import { initialRun, runState, countEnded, type RunState } from '../core/run-state.ts';
import { headline, oneLine, progressFacts } from './progress-text.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';

/** Least milliseconds between two progress lines of one stage. */
const progressEvery = 10_000;

const stopped = 'the run stops after the first failure (-k goes on)';

/** `[12/30] `: cells that have ended, of all. */
const count = (state: RunState): string => `[${countEnded(state)}/${state.total}] `;

/**
 * Says an event in one line.
 *
 * @param state - the run's state after the event
 * @param event - what happened
 * @returns the line; undefined for events that get none (reused cells are counted instead)
 */
export function eventLine(state: RunState, event: Event): string | undefined {
  switch (event.type) {
    case 'run-started':
      // A run that has nothing to do has no name; its last line says all.
      return event.run === ''
        ? undefined
        : `${event.pipeline}: ${pluralize(event.cells, 'cell')}, ${pluralize(event.slots, 'slot')}, run ${event.run}`;
    case 'run-resumed':
      return `goes on, followed by process ${event.process.pid} on ${event.process.host}`;
    case 'run-submitted': {
      const tasks = event.jobs.reduce((sum, job) => sum + job.tasks, 0);
      const jobs = event.jobs.map(({ job, array }) => `${array} ${job}`).join(', ');
      return `submitted to ${event.cluster}: ${pluralize(tasks, 'task')} in ${pluralize(event.jobs.length, 'array')} (${jobs})`;
    }
    case 'stage-started': {
      const again = event.attempt > 1 ? `, attempt ${event.attempt}` : '';
      const beside = event.beside ? ` beside ${event.beside} others` : '';
      return `${event.cell} started${beside}${again}: ${oneLine(event.reason)}`;
    }
    case 'stage-progress':
      return `${event.cell} ${progressFacts(event.progress).join('  ')}`;
    case 'stage-waiting':
      return `${event.cell} waits for ${oneLine(event.holder)}`;
    case 'stage-warned':
      return `${event.cell} warns: ${oneLine(event.message)}`;
    case 'stage-retrying':
      return `${event.cell} failed: ${oneLine(event.failure.message)} [${event.failure.code}]; attempt ${event.attempt} in ${duration(event.delay)}`;
    case 'stage-finished':
      return `${count(state)}${event.cell} finished ${duration(event.seconds)} ${headline(event.metrics)}`.trimEnd();
    case 'stage-tainted':
      return `${count(state)}${event.cell} tainted: changed while it ran: ${event.changed.join(', ')}`;
    case 'stage-failed':
      return `${count(state)}${event.cell} failed: ${oneLine(event.failure.message)} [${event.failure.code}]`;
    case 'stage-skipped':
      return `${count(state)}${event.cell} skipped: ${event.because === null ? stopped : `it needs ${event.because}`}`;
    case 'stage-stopped':
      // Of a run that has nothing to do the last line says all.
      return state.run === '' ? undefined : `${count(state)}${event.cell} stopped: ${event.reason}`;
    case 'stage-interrupted':
      return `${count(state)}${event.cell} interrupted`;
    case 'stage-acquired':
    case 'stage-metric':
    case 'stage-reused':
    case 'run-finished':
      return undefined;
  }
}

/**
 * Writes plain lines to standard error. Progress comes at most every ten seconds a stage, and reused cells as one
 * number, so that a log of 10,000 cells can be read.
 *
 * @param options - `err` takes the lines
 * @returns the reporter
 */
export function linesReporter(options: Pick<ReporterOptions, 'err'>): Reporter {
  let state = initialRun;
  let saidReused = 0;
  let closed = false;
  const lastProgress = new Map<CellId, number>();

  const due = (event: Event): boolean => {
    if (event.type === 'stage-started') lastProgress.set(event.cell, event.at);
    if (event.type !== 'stage-progress') return true;
    if (event.at - (lastProgress.get(event.cell) ?? -Infinity) < progressEvery) return false;
    lastProgress.set(event.cell, event.at);
    return true;
  };
  const sayReused = (): void => {
    const fresh = state.counts.reused - saidReused;
    if (fresh > 0 && state.run !== '') options.err.write(`${count(state)}${fresh} reused\n`);
    saidReused = state.counts.reused;
  };

  return {
    event: (event) => {
      if (closed) return;
      if (event.type !== 'stage-reused') sayReused();
      state = runState(state, event);
      const line = due(event) ? eventLine(state, event) : undefined;
      if (line !== undefined) options.err.write(`${printableLine(line)}\n`);
    },
    close: () => {
      if (!closed) sayReused();
      closed = true;
    },
  };
}
