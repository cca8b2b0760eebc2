import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import type { CellId } from '../../core/plan.ts';
import { CellWatch } from '../../record/cell-watch.ts';
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
function prefixes(names: ReadonlyMap<CellId, string>, cells: readonly CellId[]): (cell: CellId) => string {
  const nameOf = (cell: CellId): string => names.get(cell) ?? cell;
  const width = Math.min(longestName, largest(cells.map((cell) => nameOf(cell).length)));
  return (cell) => nameOf(cell).padEnd(width);
}

/** Whose logs are followed. */
export interface FollowedCells {
  /** The run's folder. */
  readonly folder: string;
  readonly cells: readonly CellId[];
  /** What stands before the lines of each; none of a single one. */
  readonly names?: ReadonlyMap<CellId, string>;
}

/**
 * Prints what cells of a run write, until all have ended, or the run has.
 *
 * @param followed - the cells
 * @param out - takes what they write
 * @param isRead - false once nobody reads any more
 */
export async function followLogs(followed: FollowedCells, out: Writable, isRead: () => boolean): Promise<void> {
  const { folder, cells, names } = followed;
  const nameOf = names && prefixes(names, cells);
  const open = new Map<CellId, Followed>(
    cells.map((cell) => {
      const file = logFile(folder, cell);
      const plain = (): Followed => ({ tail: new Tail(file, out), end: () => Promise.resolve() });
      return [cell, nameOf ? named(file, nameOf(cell), out) : plain()];
    }),
  );
  const watch = new CellWatch(folder, cells);
  for (;;) {
    // Looked at before the logs: what was written until then is printed.
    const ended = watch.ended();
    for (const [cell, { tail, end }] of open) {
      if (!isRead()) return;
      await tail.print();
      if (!ended.has(cell)) continue;
      await end();
      open.delete(cell);
    }
    if (open.size === 0) return;
    await setTimeout(glance);
  }
}
