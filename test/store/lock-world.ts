import { dirname } from 'node:path';
import type fc from 'fast-check';
import { parseHolder } from '../../src/store/holder.ts';
import { Locks } from '../../src/store/lock.ts';
import type { LockFiles, LockSystem } from '../../src/store/lock-system.ts';

/** Thrown by every step of a process that has been killed. */
export class Killed extends Error {}

/** Processes from here on died before the world began. */
const longAgo = 1000;

interface Inode {
  readonly number: number;
  readonly text: string;
  modified: number;
}

/** How a simulated process fares: after so many steps it is killed, or stopped until `wakes`. */
export interface Fate {
  readonly steps: number;
  readonly end: 'killed' | 'stopped' | 'lives';
  readonly wakes?: Promise<unknown>;
  /** Whether the others can ask the system for it, or have to watch its heartbeat. */
  readonly elsewhere: boolean;
}

/** Does something as one step of a process, when its turn comes. */
export type Step = <T>(what: string, action: () => T) => Promise<T>;

/** A disk, a clock and processes whose steps on the disk happen in the order that the scheduler picks. */
export class World {
  readonly #names = new Map<string, Inode>();
  readonly #dead = new Set<number>();
  readonly #stopped = new Set<number>();
  readonly #scheduler: fc.Scheduler;
  #inodes = 0;
  #claims = 0;
  #now = 0;

  constructor(scheduler: fc.Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Names of all files that are no badges. */
  get locks(): readonly string[] {
    return [...this.#names.keys()].filter((name) => !name.includes('.badge-'));
  }

  /** Puts a lock there that no process of the world has made. */
  plant(path: string, text: string): void {
    this.#names.set(path, { number: ++this.#inodes, text, modified: 0 });
  }

  /** Starts a process: its locks, and a step of it that is none of theirs. */
  start(pid: number, fate: Fate): { readonly locks: Locks; readonly step: Step } {
    let left = fate.steps;
    const step: Step = async (what, action) => {
      await this.#scheduler.schedule(Promise.resolve(), `${pid} ${what}`);
      if (fate.end === 'killed' && left-- <= 0) {
        this.#dead.add(pid);
        throw new Killed(`${pid} was killed`);
      }
      if (fate.end === 'stopped' && left-- === 0) {
        this.#stopped.add(pid);
        await fate.wakes;
        this.#stopped.delete(pid);
      }
      return action();
    };
    const machine = (fate.elsewhere ? 'e' : 'a').repeat(10);
    const system: LockSystem = {
      files: this.#files(step),
      claim: () => `${pid} 1 ${machine} ${(++this.#claims).toString(16).padStart(8, '0')} host`,
      isAlive: ({ machine, pid }) => (machine.startsWith('a') ? pid < longAgo && !this.#dead.has(pid) : undefined),
      elapsed: () => this.#now,
      // Whoever waits lets time go by; the living have shown a sign of life in it.
      pause: (milliseconds, signal) =>
        step('waits', () => {
          signal?.throwIfAborted();
          this.#now += milliseconds * 20;
          for (const inode of this.#names.values()) if (this.#lives(inode)) inode.modified = this.#now;
        }),
      every: () => () => undefined,
    };
    return { locks: new Locks('/locks', system), step };
  }

  #lives({ text }: Inode): boolean {
    const holder = parseHolder(text);
    return (
      holder !== undefined && holder.pid < longAgo && !this.#dead.has(holder.pid) && !this.#stopped.has(holder.pid)
    );
  }

  #files(step: Step): LockFiles {
    const names = this.#names;
    return {
      write: (path, text) => step(`writes ${path}`, () => this.plant(path, text)),
      link: (path, name) =>
        step(`links ${name}`, () => {
          const inode = names.get(path);
          if (!inode) return undefined;
          if (names.has(name)) return false;
          names.set(name, inode);
          return true;
        }),
      look: (path) =>
        step(`looks at ${path}`, () => {
          const inode = names.get(path);
          return inode && { text: inode.text, inode: inode.number, modified: inode.modified };
        }),
      touch: () => step('beats', () => true),
      remove: (path) => step(`removes ${path}`, () => void names.delete(path)),
      names: (folder) => step('lists', () => [...names.keys()].filter((name) => dirname(name) === folder)),
    };
  }
}
