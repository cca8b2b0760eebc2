import { fileSize } from '../util/file-size.ts';
import type { Output } from './reporter.ts';

/** What is read faster than this is not spoken of; milliseconds. */
const quiet = 1000;
/** Least milliseconds between two lines: on a terminal, where each takes the place of the last, and elsewhere. */
const pause = { terminal: 200, log: 10_000 };

/** Shows how much of a run's sources has been read. */
export interface ReadingView {
  /** Told how many bytes more are to be read. */
  ahead(bytes: number): void;
  /** Told how many bytes have been read. */
  read(bytes: number): void;
  /** Leaves the terminal as it was found. */
  close(): void;
}

/**
 * Shows how much of a run's sources has been read, before anything else of the run can be shown.
 *
 * @param err - standard error
 * @param now - milliseconds, from wherever they count
 * @returns the view; it says nothing of what takes no time
 */
export function readingView(err: Output, now: () => number): ReadingView {
  const live = err.isTTY === true;
  let [total, done, shown] = [0, 0, false];
  let next = now() + (live ? quiet : pause.log);
  const show = (): void => {
    const text = `reading sources: ${fileSize(done)} of ${fileSize(total)}`;
    err.write(live ? `\r\u001b[2K${text}` : `${text}\n`);
    shown = true;
    next = now() + (live ? pause.terminal : pause.log);
  };
  return {
    ahead: (bytes) => (total += bytes),
    read: (bytes) => {
      done += bytes;
      if (now() >= next) show();
    },
    close: () => {
      if (shown && live) err.write('\r\u001b[2K');
      [shown, next] = [false, Infinity];
    },
  };
}
