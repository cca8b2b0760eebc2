import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { isTerminal } from '../../core/cell-state.ts';
import type { CellId } from '../../core/plan.ts';
import { shortNames } from '../../dashboard/data/cell-names.ts';
import type { RunFeed } from '../../dashboard/server/run-feed.ts';
import { logFile } from '../../record/run-record.ts';
import { largest } from '../../util/extremes.ts';
import { PrefixedLines } from './prefixed-lines.ts';
import { Tail } from './tail.ts';

/** Pause between two looks at logs that grow; milliseconds. */
const glance = 500;

/** Longest name before a line. */
const longestName = 48;

/** A log that is followed. */
interface Followed {
  readonly tail: Tail;
  /** Ends what takes it, where that is not the reader itself. */
  readonly end: () => Promise<void>;
}

/** A log whose lines stand after the name of its cell. */
function named(file: string, name: string, out: Writable): Followed {
  const lines = new PrefixedLines(out, `${name} | `);
  return {
    tail: new Tail(file, lines),
    end: async () => {
      lines.end();
      await finished(lines);
    },
  };
}

/** What each cell is called, all equally long. */
function prefixes(feed: RunFeed, cells: readonly CellId[]): (cell: CellId) => string {
  const short = shortNames(feed.live);
  const nameOf = (cell: CellId): string => short.get(cell) ?? cell;
  const width = Math.min(longestName, largest(cells.map((cell) => nameOf(cell).length)));
  return (cell) => nameOf(cell).padEnd(width);
}

/**
 * Prints what cells of a run write, until all have ended, or the run has; of several cells each line after the name of its own.
 *
 * @param feed - the run
 * @param cells - of its plan
 * @param out - takes what they write
 * @param isRead - false once nobody reads any more
 */
export async function followLogs(
  feed: RunFeed,
  cells: readonly CellId[],
  out: Writable,
  isRead: () => boolean,
): Promise<void> {
  const nameOf = cells.length > 1 ? prefixes(feed, cells) : undefined;
  const open = new Map<CellId, Followed>(
    cells.map((cell) => {
      const file = logFile(feed.folder, cell);
      return [
        cell,
        nameOf ? named(file, nameOf(cell), out) : { tail: new Tail(file, out), end: () => Promise.resolve() },
      ];
    }),
  );
  for (;;) {
    // Looked at before the logs: what was written until then is printed.
    const { data, alive } = feed.snapshot();
    const states = new Map(data.cells.map(({ id, progress }) => [id, progress.state]));
    const isOver = data.state.ended !== undefined || alive === false;
    for (const [cell, { tail, end }] of open) {
      const state = states.get(cell) ?? 'waiting';
      if (!isRead()) return;
      if (isOver || state !== 'waiting') await tail.print();
      if (!isOver && !isTerminal(state)) continue;
      await end();
      open.delete(cell);
    }
    if (open.size === 0) return;
    await setTimeout(glance);
  }
}
