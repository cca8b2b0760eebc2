import { closeSync, fsyncSync, linkSync, lstatSync, openSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { textIfReadable } from '../util/if-readable.ts';
import { withParent } from '../util/write-whole.ts';
import { namesIn } from './files/names-in.ts';
import { claim, isAlive, type Holder } from './holder.ts';
import type { Sight } from './sightings.ts';

/** Answered at once by the disk; later in tests that let processes take turns between any two steps. */
export type Answer<T> = T | Promise<T>;

/** All that locks do to the disk, each a single step that no other process sees half of. */
export interface LockFiles {
  /** Writes a new file; when it returns, a loss of power does not empty it. */
  write(path: string, text: string): Answer<void>;
  /** Gives a file one more name: undefined where the file, or the folder of the name, is missing; false where the name is taken. */
  link(path: string, name: string): Answer<boolean | undefined>;
  /** Looks at whatever has a name. */
  look(path: string): Answer<Sight | undefined>;
  /** Sets the heartbeat, in seconds; false where that is not possible. */
  touch(path: string, time: number): Answer<boolean>;
  /** Removes whatever has a name, if anything does. */
  remove(path: string): Answer<void>;
  names(folder: string): Answer<readonly string[]>;
}

/** A file that names somebody is shorter. Bytes. */
const longestText = 1000;

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

const lockFiles: LockFiles = {
  write: (path, text) =>
    withParent(path, () => {
      const file = openSync(path, 'wx');
      try {
        writeFileSync(file, text);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    }),
  link: (path, name) => {
    try {
      linkSync(path, name);
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  },
  look: (path) => {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (!stats) return undefined;
    const text = stats.isFile() && stats.size <= longestText ? textIfReadable(path, 'utf8') : '';
    return { text, inode: stats.ino, modified: stats.mtimeMs };
  },
  touch: (path, time) => {
    try {
      utimesSync(path, time, time);
      return true;
    } catch {
      return false;
    }
  },
  remove: (path) => rmSync(path, { recursive: true, force: true }),
  names: namesIn,
};

/** The machine that locks run on, or a test's. */
export interface LockSystem {
  readonly files: LockFiles;
  /** A text that names this process, another one each time. */
  claim(): string;
  /** Asks for another process; undefined where the machine cannot tell. */
  isAlive(holder: Holder): boolean | undefined;
  /** Milliseconds of a clock that only ever runs forward, at its own pace. */
  elapsed(): number;
  pause(milliseconds: number, signal: AbortSignal | undefined): Promise<unknown>;
  /** Does something again and again, which keeps no process alive; the returned function ends that. */
  every(milliseconds: number, action: () => void): () => void;
}

/** This machine. */
export const thisMachine: LockSystem = {
  files: lockFiles,
  claim,
  isAlive,
  elapsed: () => performance.now(),
  pause: (milliseconds, signal) => wait(milliseconds, undefined, { ...(signal && { signal }) }),
  every: (milliseconds, action) => {
    const timer = setInterval(action, milliseconds).unref();
    return () => clearInterval(timer);
  },
};
