import { join } from 'node:path';
import { parseHolder } from './holder.ts';
import type { Answer, LockSystem } from './lock-system.ts';

/** Every badge of this process that lies on a disk. */
const written = new Set<Badge>();
const dropAll = (): void => {
  for (const badge of written) void badge.drop();
};

/** How often a folder of locks may vanish while one lock is made. */
const patience = 3;

/** The file by which this process is named in a folder of locks: all its locks there are links to it. */
export class Badge {
  /** What names of badges begin with. */
  static readonly prefix = '.badge-';
  readonly #folder: string;
  readonly #system: LockSystem;
  /** Its text, once it is written. */
  #text: Promise<string> | undefined;
  #path: string | undefined;

  /**
   * @param folder - where the locks lie; made when it is missing
   * @param system - the machine
   */
  constructor(folder: string, system: LockSystem) {
    this.#folder = folder;
    this.#system = system;
  }

  /** Where it lies; undefined while it is not needed. */
  get path(): string | undefined {
    return this.#path;
  }

  /**
   * Links a lock to it, which is written first where it is not there.
   *
   * @param lock - path of the lock
   * @returns the lock's text; undefined when the lock exists
   */
  async link(lock: string): Promise<string | undefined> {
    for (let attempt = 1; ; attempt++) {
      const writing = (this.#text ??= this.#write());
      const forget = () => {
        if (this.#text === writing) this.#text = undefined;
      };
      writing.catch(forget);
      const text = await writing;
      const made = await this.#system.files.link(this.#path ?? '', lock);
      if (made !== undefined) return made ? text : undefined;
      if (attempt === patience) throw new Error(`${this.#folder} is removed again and again while ${lock} is made`);
      // Somebody has removed the whole store, the badge with it.
      forget();
    }
  }

  /** Removes it: for a process that ends, and one that needs it no more. */
  drop(): Answer<void> {
    const path = this.#path;
    this.#text = undefined;
    this.#path = undefined;
    written.delete(this);
    if (written.size === 0) process.off('exit', dropAll);
    return path === undefined ? undefined : this.#system.files.remove(path);
  }

  async #write(): Promise<string> {
    const text = this.#system.claim();
    const path = join(this.#folder, `${Badge.prefix}${parseHolder(text)?.nonce ?? ''}`);
    await this.#system.files.write(path, text);
    this.#path = path;
    if (written.size === 0) process.on('exit', dropAll);
    written.add(this);
    return text;
  }
}
