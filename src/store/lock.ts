/**
 * Locks that need no "unlock". Every process writes one file that names it, its badge; a lock is a hard link to the badge.
 * Making a link is a single atomic step that fails when the name exists, and nobody ever sees a lock without its content.
 * It takes no inode either, and giving it back frees none: ext4 goes through all inodes that were freed a moment ago
 * whenever it looks for a new one, which made every stage of a large sweep slower.
 *
 * Taking over from a dead holder is safe, however many try. What must not happen: two see the dead holder X; the first
 * removes X's link and makes its own; the second, late, removes that one. So the right to remove X's link is a lock
 * itself, named after X, and whoever has it looks again before removing. While it is held nobody else may remove X's
 * link, and X is dead: what the second look sees, stays. Whoever comes late finds another link than X's and leaves it
 * alone. If a process dies with this right, the same rule takes it over, one level deeper.
 *
 * A holder that only seemed dead, because it was stopped or cut off for long, finds out by its next heartbeat, or by asking
 * `isHeld`, that it has lost its lock. Between such a question and what it then does, it may be stopped again: what it must not
 * do after it has lost is prevented where it would do it (`Draft.fence`).
 */
import { basename, join } from 'node:path';
import { Badge } from './badge.ts';
import { parseHolder } from './holder.ts';
import { thisMachine, type LockSystem } from './lock-system.ts';
import { Sightings, type Sight } from './sightings.ts';
import type { Lock } from './store.ts';

/** First and longest pause between two looks at a held lock, milliseconds. */
const pauses = { first: 5, longest: 200 };
/** Pause between two heartbeats, milliseconds. */
const pulse = 5000;

/** A lock of this process. */
interface HeldLock {
  /** What the lock says while it is ours. */
  readonly text: string;
  readonly lost: AbortController;
}

const sameSight = (a: Sight, b: Sight | undefined): boolean =>
  a.inode === b?.inode && a.text === b.text && a.modified === b.modified;

function describe({ text }: Sight): string {
  const holder = parseHolder(text);
  return holder ? `process ${holder.pid} on ${holder.host}` : 'whoever made a lock that names nobody';
}

/** The locks of one folder, as one process takes them. */
export class Locks {
  readonly #folder: string;
  readonly #system: LockSystem;
  readonly #sightings = new Sightings();
  readonly #held = new Map<string, HeldLock>();
  readonly #badge: Badge;
  /** Those who hold a lock or want one: they need the badge. */
  #users = 0;
  #heartbeat = 0;
  #stopHeart: (() => void) | undefined;

  /**
   * @param folder - where the locks lie; made when it is needed
   * @param system - the machine
   */
  constructor(folder: string, system = thisMachine) {
    this.#folder = folder;
    this.#system = system;
    this.#badge = new Badge(folder, system);
  }

  /**
   * Takes a lock, as soon as no live process holds it.
   *
   * @param name - of the lock
   * @param signal - aborted when waiting shall end
   * @param onWait - told once who holds it, when it has to wait
   * @returns the held lock
   * @throws the signal's reason (an `AbortError`) when it was aborted
   */
  async lock(name: string, signal: AbortSignal, onWait: (holder: string) => void): Promise<Lock> {
    const path = join(this.#folder, name);
    this.#users++;
    this.#stopHeart ??= this.#system.every(pulse, () => void this.#beat().catch(() => undefined));
    try {
      let pause = pauses.first;
      for (let told = false; ;) {
        signal.throwIfAborted();
        const theirs = await this.#try(path);
        if (typeof theirs === 'string') return this.#hold(path, theirs);
        if (!told && theirs) onWait(describe(theirs));
        told ||= theirs !== undefined;
        await this.#system.pause(pause, signal);
        pause = Math.min(pauses.longest, pause * 1.5);
      }
    } catch (error) {
      this.#users--;
      throw error;
    }
  }

  /**
   * Finds out which locks are held. It takes a moment where the system knows of every holder, and up to a minute where only
   * watching tells.
   *
   * @param onWatch - told once whom it has to watch
   * @returns the living holders in words, by the name of the lock
   */
  async holders(onWatch: (holder: string) => void = () => undefined): Promise<ReadonlyMap<string, string>> {
    const { files } = this.#system;
    const living = new Map<string, string>();
    const first = new Map<string, number>();
    let told = false;
    let open = (await files.names(this.#folder)).filter((name) => !name.startsWith('.'));
    while (open.length > 0) {
      const undecided: [name: string, sight: Sight][] = [];
      for (const name of open) {
        const sight = await files.look(join(this.#folder, name));
        if (!sight) continue;
        const heartbeat = first.get(name) ?? sight.modified;
        first.set(name, heartbeat);
        const alive = this.#isAlive(sight, this.#system.elapsed()) ?? (heartbeat === sight.modified ? undefined : true);
        if (alive) living.set(name, describe(sight));
        else if (alive === undefined) undecided.push([name, sight]);
      }
      const [watched] = undecided;
      if (watched && !told) onWatch(describe(watched[1]));
      told ||= watched !== undefined;
      open = undecided.map(([name]) => name);
      if (watched) await this.#system.pause(pauses.longest, undefined);
    }
    return living;
  }

  /** Removes locks and badges of the dead, as far as that is known without waiting. */
  async sweep(): Promise<void> {
    const { files } = this.#system;
    for (const name of await files.names(this.#folder)) {
      const path = join(this.#folder, name);
      const sight = await files.look(path);
      if (!sight || !this.#isDead(sight)) continue;
      if (name.startsWith(Badge.prefix)) await files.remove(path);
      else if (!name.startsWith('.')) await this.#clear(path, sight);
    }
  }

  /** Whether a holder lives; undefined while its heartbeat has not been watched for long enough. */
  #isAlive(sight: Sight, now: number): boolean | undefined {
    const holder = parseHolder(sight.text);
    const told = holder && this.#system.isAlive(holder);
    if (told !== undefined) return told;
    return this.#sightings.isSilent(sight, now) ? false : undefined;
  }

  #isDead(sight: Sight): boolean {
    return this.#isAlive(sight, this.#system.elapsed()) === false;
  }

  /**
   * Tries to take a lock.
   *
   * @returns its text when it is ours, else who has it; undefined when that changes just now
   */
  async #try(path: string): Promise<string | Sight | undefined> {
    const made = await this.#badge.link(path);
    if (made !== undefined) return made;
    const theirs = await this.#system.files.look(path);
    if (!theirs || !this.#isDead(theirs)) return theirs;
    if (!(await this.#clear(path, theirs))) return theirs;
    return (await this.#badge.link(path)) ?? this.#system.files.look(path);
  }

  /** Removes the link of a dead holder; false if somebody else is doing that just now. */
  async #clear(path: string, dead: Sight): Promise<boolean> {
    const { files } = this.#system;
    const right = `${path}.${parseHolder(dead.text)?.nonce ?? dead.inode}`;
    const made = await this.#try(right);
    if (typeof made !== 'string') return false;
    try {
      if (sameSight(dead, await files.look(path))) await files.remove(path);
      return true;
    } finally {
      await this.#drop(right, made);
    }
  }

  async #says(path: string, text: string): Promise<boolean> {
    return (await this.#system.files.look(path))?.text === text;
  }

  async #drop(path: string, text: string): Promise<void> {
    if (await this.#says(path, text)) await this.#system.files.remove(path);
  }

  #hold(path: string, text: string): Lock {
    const held: HeldLock = { text, lost: new AbortController() };
    this.#held.set(path, held);
    const isHeld = async () => this.#held.get(path) === held && (await this.#says(path, text));
    let released = false;
    return {
      lost: held.lost.signal,
      isHeld,
      release: async () => {
        if (released) return;
        released = true;
        this.#users--;
        if (await isHeld()) await this.#system.files.remove(path);
        if (this.#held.get(path) === held) this.#held.delete(path);
      },
    };
  }

  /** Refreshes the badge, and so all locks: they are one file. A badge that nobody needs goes. */
  async #beat(): Promise<void> {
    if (this.#users === 0) {
      this.#stopHeart?.();
      this.#stopHeart = undefined;
      await this.#badge.drop();
      return;
    }
    const { files } = this.#system;
    // It moves even where the clock is set back.
    this.#heartbeat = Math.max(Date.now() / 1000, this.#heartbeat + 1);
    if (this.#badge.path !== undefined) await files.touch(this.#badge.path, this.#heartbeat);
    for (const [path, { text, lost }] of this.#held) {
      if (await this.#says(path, text)) await files.touch(path, this.#heartbeat);
      else lost.abort(new Error(`${basename(path)} was taken over by another process`));
    }
  }
}
