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
 */
import { linkSync, readdirSync, readFileSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { claim, isAlive, parseHolder } from './holder.ts';
import { withParent } from '../util/write-whole.ts';
import type { Lock } from './store.ts';

/** First and longest pause between two looks at a held lock, milliseconds. */
const pauses = { first: 5, longest: 200 };
/** Pause between two heartbeats, milliseconds. */
const pulse = 5000;

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** Runs a file operation; undefined where the file is missing, or where it is there although it should not. */
function unless<T>(code: 'ENOENT' | 'EEXIST', action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (codeOf(error) === code) return undefined;
    throw error;
  }
}

/** The text of a lock or badge. */
const textOf = (path: string): string | undefined => unless('ENOENT', () => readFileSync(path, 'utf8'));

/** A file that names this process; all locks in its folder are links to it. */
interface Badge {
  readonly path: string;
  readonly text: string;
}

/** Badges of this process by folder. */
const badges = new Map<string, Badge>();
const badgePrefix = '.badge-';

function badgeIn(folder: string): Badge {
  const known = badges.get(folder);
  if (known) return known;
  const text = claim();
  const badge = { path: join(folder, `${badgePrefix}${parseHolder(text)?.nonce ?? ''}`), text };
  withParent(badge.path, () => writeFileSync(badge.path, text, { flag: 'wx' }));
  if (badges.size === 0) process.on('exit', dropBadges);
  badges.set(folder, badge);
  return badge;
}

function dropBadges(): void {
  for (const { path } of badges.values()) remove(path);
  badges.clear();
  process.off('exit', dropBadges);
}

/** Makes the link; false when the lock exists. */
function create(path: string): boolean {
  const folder = dirname(path);
  const link = (): boolean =>
    unless('EEXIST', () => {
      linkSync(badgeIn(folder).path, path);
      return true;
    }) ?? false;
  const made = unless('ENOENT', link);
  if (made !== undefined) return made;
  // Somebody has removed the whole store, our badge with it.
  badges.delete(folder);
  return link();
}

function remove(path: string): void {
  unless('ENOENT', () => unlinkSync(path));
}

/** True when whoever is named in this text of a lock is dead. */
function isStale(path: string, text: string): boolean {
  const heartbeat = unless('ENOENT', () => statSync(path).mtimeMs);
  const holder = parseHolder(text);
  return heartbeat !== undefined && holder !== undefined && !isAlive(holder, heartbeat, Date.now());
}

/** Removes the link of a dead holder, if nobody else is doing that just now. */
function clear(path: string, dead: string): void {
  const right = `${path}.${parseHolder(dead)?.nonce ?? ''}`;
  if (tryLock(right) !== undefined) return;
  try {
    if (textOf(path) === dead) remove(path);
  } finally {
    remove(right);
  }
}

/**
 * Tries to take a lock.
 *
 * @returns undefined when it is ours now, else the text that names its holder
 */
function tryLock(path: string): string | undefined {
  for (;;) {
    if (create(path)) return undefined;
    const theirs = textOf(path);
    if (theirs === undefined) continue;
    if (!isStale(path, theirs)) return theirs;
    clear(path, theirs);
    if (textOf(path) === theirs) return theirs;
  }
}

/** Paths of the locks that this process holds. */
const held = new Set<string>();
let heart: NodeJS.Timeout | undefined;

/** Refreshes every badge, and so all locks: they are one file. Badges that nobody needs any more go. */
function beat(): void {
  const now = Date.now() / 1000;
  for (const { path } of badges.values()) unless('ENOENT', () => utimesSync(path, now, now));
  if (held.size > 0) return;
  dropBadges();
  clearInterval(heart);
  heart = undefined;
}

function hold(path: string): Lock {
  held.add(path);
  heart ??= setInterval(beat, pulse).unref();
  return {
    release: () => {
      if (held.delete(path) && textOf(path) === badges.get(dirname(path))?.text) remove(path);
      return Promise.resolve();
    },
  };
}

function describeHolder(text: string): string {
  const holder = parseHolder(text);
  return holder ? `process ${holder.pid} on ${holder.host}` : text;
}

/**
 * Takes a lock, as soon as no live process holds it.
 *
 * @param path - the lock's file; its folder is made when missing
 * @param signal - aborted when waiting shall end
 * @param onWait - told once who holds it, when it has to wait
 * @returns the held lock
 * @throws the signal's reason (an `AbortError`) when it was aborted
 */
export async function lockFile(path: string, signal: AbortSignal, onWait: (holder: string) => void): Promise<Lock> {
  let pause = pauses.first;
  for (let told = false; ; told = true) {
    signal.throwIfAborted();
    const theirs = tryLock(path);
    if (theirs === undefined) return hold(path);
    if (!told) onWait(describeHolder(theirs));
    await wait(pause, undefined, { signal });
    pause = Math.min(pauses.longest, pause * 1.5);
  }
}

/**
 * Asks who holds a lock.
 *
 * @param path - the lock's file
 * @returns the live holder in words; undefined when it is free or its holder is dead
 */
export function holderOf(path: string): string | undefined {
  const text = textOf(path);
  return text === undefined || isStale(path, text) ? undefined : describeHolder(text);
}

/**
 * Removes the badges of processes that were killed.
 *
 * @param folder - the folder of locks
 */
export function sweepBadges(folder: string): void {
  for (const name of unless('ENOENT', () => readdirSync(folder)) ?? []) {
    const path = join(folder, name);
    const text = name.startsWith(badgePrefix) ? textOf(path) : undefined;
    if (text !== undefined && isStale(path, text)) remove(path);
  }
}
