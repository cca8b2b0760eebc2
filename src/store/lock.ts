/**
 * Locks that need no "unlock". A lock is a symbolic link whose target names its holder: creating one is a single atomic
 * step that fails when it exists, and nobody ever sees it without its content.
 *
 * Taking over from a dead holder is safe, however many try. What must not happen: two see the dead holder X; the first
 * removes X's link and makes its own; the second, late, removes that one. So the right to remove X's link is a lock
 * itself, named after that one acquisition of X, and whoever has it looks again before removing. While it is held nobody
 * else may remove X's link, and X is dead: what the second look sees, stays. Whoever comes late finds another link than
 * X's and leaves it alone. If a process dies with this right, the same rule takes it over, one level deeper.
 */
import { lstatSync, lutimesSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { claim, isAlive, parseHolder } from './holder.ts';
import { withParent } from './layout.ts';
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

const targetOf = (path: string): string | undefined => unless('ENOENT', () => readlinkSync(path));

function create(path: string, target: string): boolean {
  const made = unless('EEXIST', () => {
    withParent(path, () => symlinkSync(target, path));
    return true;
  });
  return made ?? false;
}

function remove(path: string): void {
  unless('ENOENT', () => unlinkSync(path));
}

/** True when the lock's link has this target and whoever is named there is dead. */
function isStale(path: string, target: string): boolean {
  const heartbeat = unless('ENOENT', () => lstatSync(path).mtimeMs);
  const holder = parseHolder(target);
  return heartbeat !== undefined && holder !== undefined && !isAlive(holder, heartbeat, Date.now());
}

/** Removes the link of a dead holder, if nobody else is doing that just now. */
function clear(path: string, dead: string): void {
  const right = `${path}.${parseHolder(dead)?.nonce ?? ''}`;
  const ours = claim();
  if (tryLock(right, ours) !== undefined) return;
  try {
    if (targetOf(path) === dead) remove(path);
  } finally {
    remove(right);
  }
}

/**
 * Tries to take a lock.
 *
 * @returns undefined when it is ours now, else the target that names its holder
 */
function tryLock(path: string, ours: string): string | undefined {
  for (;;) {
    if (create(path, ours)) return undefined;
    const theirs = targetOf(path);
    if (theirs === undefined) continue;
    if (!isStale(path, theirs)) return theirs;
    clear(path, theirs);
    if (targetOf(path) === theirs) return theirs;
  }
}

/** Locks of this process by path, with the targets that make them ours. */
const held = new Map<string, string>();
let heart: NodeJS.Timeout | undefined;

/** Refreshes the modification time of every lock that this process holds. */
function beat(): void {
  const now = Date.now() / 1000;
  for (const [path, target] of held) if (targetOf(path) === target) unless('ENOENT', () => lutimesSync(path, now, now));
}

function hold(path: string, target: string): Lock {
  held.set(path, target);
  heart ??= setInterval(beat, pulse).unref();
  return {
    release: () => {
      if (!held.delete(path)) return Promise.resolve();
      if (held.size === 0) {
        clearInterval(heart);
        heart = undefined;
      }
      if (targetOf(path) === target) remove(path);
      return Promise.resolve();
    },
  };
}

function described(target: string): string {
  const holder = parseHolder(target);
  return holder ? `process ${holder.pid} on ${holder.host}` : target;
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
  const ours = claim();
  let pause = pauses.first;
  for (let told = false; ; told = true) {
    signal.throwIfAborted();
    const theirs = tryLock(path, ours);
    if (theirs === undefined) return hold(path, ours);
    if (!told) onWait(described(theirs));
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
  const target = targetOf(path);
  return target === undefined || isStale(path, target) ? undefined : described(target);
}
