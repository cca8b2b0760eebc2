import { fail } from '../../core/failure.ts';
import type { CellData } from '../data/run-data.ts';
import { readCurves, readLog, readResult } from './cell-files.ts';
import type { RunFeed } from './run-feed.ts';
import type { Runs } from './runs.ts';

/**
 * The run and the cell that a question is about.
 *
 * @param runs - the runs of a working folder
 * @param query - names both
 * @returns the run as it is now, and the cell
 * @throws FailureError `no-run`, `no-such-cell`
 */
export function asked(runs: Runs, query: URLSearchParams): { readonly feed: RunFeed; readonly cell: CellData } {
  const feed = runs.feed(query.get('run') ?? '');
  feed.refresh();
  const id = query.get('cell') ?? '';
  const cell = feed.live.cell(id);
  if (cell) return { feed, cell };
  return fail({ code: 'no-such-cell', message: `the run has no cell called ${id}`, expected: 'a cell of its plan' });
}

/** Reads a byte offset of a query. */
function offsetIn(query: URLSearchParams, name: string): number | undefined {
  const value = Number(query.get(name) ?? NaN);
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** The questions of the page that are answered in JSON. One line each. */
export const routes: Readonly<Record<string, (runs: Runs, query: URLSearchParams) => unknown>> = {
  '/api/runs': (runs) => runs.list(),
  '/api/run': (runs, query) => {
    const name = query.get('run');
    return (name === null ? runs.latest() : runs.feed(name)).snapshot();
  },
  '/api/curves': (runs, query) => {
    const { feed, cell } = asked(runs, query);
    return readCurves(feed.folder, cell, runs.store);
  },
  '/api/result': (runs, query) => readResult(asked(runs, query).cell, runs.store) ?? null,
  '/api/log': (runs, query) => {
    const { feed, cell } = asked(runs, query);
    return readLog(feed.folder, cell, offsetIn(query, 'from'));
  },
};
