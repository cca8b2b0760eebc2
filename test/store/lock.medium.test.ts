import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, unlinkSync, utimesSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { claim, parseHolder } from '../../src/store/holder.ts';
import { Locks } from '../../src/store/lock.ts';
import { thisMachine } from '../../src/store/lock-system.ts';
import { Child } from './child.ts';
import { never, pathsBelow, temporaryFolder, unexpected, writeFiles } from './stored.ts';

/** A holder on a machine that we cannot ask. */
const elsewhere = claim().replace(parseHolder(claim())?.machine ?? '', '0123456789');
const day = 86_400;

/** Sets the heartbeat of a lock, seconds before now. */
function age(path: string, seconds: number): void {
  const time = Date.now() / 1000 - seconds;
  utimesSync(path, time, time);
}

/** All that lies in a folder but badges: these stay until their process ends, or has held no lock for some seconds. */
const locksBelow = (folder: string) => pathsBelow(folder).filter((path) => !path.includes('.badge-'));

/** Locks of a process whose time goes by only while it waits; `watching` is told of each pause. */
function inOwnTime(folder: string, watching: (seconds: number) => void = () => undefined) {
  const time = { seconds: 0 };
  const locks = new Locks(folder, {
    ...thisMachine,
    elapsed: () => time.seconds * 1000,
    pause: (milliseconds, signal) => {
      signal?.throwIfAborted();
      time.seconds += milliseconds / 1000;
      watching(time.seconds);
      return Promise.resolve();
    },
  });
  return { locks, time };
}

describe('Locks', () => {
  it('leave nothing behind when they are released', async () => {
    const folder = temporaryFolder();
    const locks = new Locks(join(folder, 'locks'));
    const lock = await locks.lock('key', never, unexpected);
    expect(await locks.holders()).toEqual(new Map([['key', holderText(process.pid)]]));
    expect(await lock.isHeld()).toBe(true);
    await lock.release();
    await lock.release();
    expect(locksBelow(folder)).toEqual(['locks']);
    expect(await locks.holders()).toEqual(new Map());
    expect(await lock.isHeld()).toBe(false);
  });

  it('do not release a lock that somebody else took over', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'key');
    const lock = await new Locks(folder).lock('key', never, unexpected);
    unlinkSync(path);
    writeFileSync(path, elsewhere);
    expect(await lock.isHeld()).toBe(false);
    await lock.release();
    expect(readFileSync(path, 'utf8')).toBe(elsewhere);
  });

  it('wait for a live process, name it once, and go on when it is killed', async () => {
    const folder = temporaryFolder();
    const child = new Child('hold-lock.ts', join(folder, 'key'));
    expect(await child.line()).toBe('held');
    const holders: string[] = [];
    let killed = false;
    const locks = new Locks(folder);
    const lock = await locks.lock('key', never, (holder) => {
      holders.push(holder);
      void child.kill().then(() => (killed = true));
    });
    await child.end();
    expect(holders).toEqual([holderText(child.process.pid)]);
    expect(killed).toBe(true);
    expect(await locks.holders()).toEqual(new Map([['key', holderText(process.pid)]]));
    await lock.release();
  });

  it('take over at once from a process that has the id of a dead one', async () => {
    const folder = temporaryFolder();
    const { start = '' } = parseHolder(claim()) ?? {};
    writeFileSync(join(folder, 'key'), claim().replace(` ${start} `, ` ${Number(start) - 1} `));
    await (await new Locks(folder).lock('key', never, unexpected)).release();
  });

  it('leave a dead holder to whoever is taking over from it just now, and help when that one died too', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'key');
    const { start = '', nonce = '' } = parseHolder(claim()) ?? {};
    const dead = claim()
      .replace(` ${start} `, ' 1 ')
      .replace(/ [0-9a-f]{8} /, ` ${nonce} `);
    writeFileSync(path, dead);
    writeFileSync(`${path}.${nonce}`, elsewhere);
    const { locks, time } = inOwnTime(folder, () => expect(readFileSync(path, 'utf8')).toBe(dead));
    const lock = await locks.lock('key', never, () => undefined);
    expect(time.seconds).toBeGreaterThan(60);
    expect(locksBelow(folder)).toEqual(['key']);
    await lock.release();
    expect(locksBelow(folder)).toEqual([]);
  });

  it('refresh all locks of a process every few seconds, also when the clock is set back, and stop when they are released', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const folder = temporaryFolder();
    const paths = [join(folder, 'a'), join(folder, 'b')] as const;
    const locks = new Locks(folder);
    const held = [await locks.lock('a', never, unexpected), await locks.lock('b', never, unexpected)] as const;
    const heartbeats = () => paths.map((path) => statSync(path).mtimeMs);
    const go = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);
    await go(3_600_000);
    for (const heartbeat of heartbeats()) expect(Math.abs(Date.now() - heartbeat)).toBeLessThan(10_000);
    vi.setSystemTime(Date.now() - day * 1000);
    const before = heartbeats();
    await go(5000);
    for (const [at, heartbeat] of heartbeats().entries()) expect(heartbeat).toBeGreaterThan(before[at] ?? Infinity);
    await held[0].release();
    await go(2 * day * 1000);
    expect(Math.abs(Date.now() - statSync(paths[1]).mtimeMs)).toBeLessThan(10_000);
    expect(vi.getTimerCount()).toBe(1);
    await held[1].release();
    await go(10_000);
    expect(vi.getTimerCount()).toBe(0);
    expect(pathsBelow(folder)).toEqual([]);
  });

  it('are taken anew in a folder that somebody has removed meanwhile', async () => {
    const folder = temporaryFolder();
    const locks = new Locks(join(folder, 'locks'));
    await (await locks.lock('key', never, unexpected)).release();
    rmSync(join(folder, 'locks'), { recursive: true });
    const lock = await locks.lock('key', never, unexpected);
    expect(await locks.holders()).toEqual(new Map([['key', holderText(process.pid)]]));
    await lock.release();
    expect(locksBelow(folder)).toEqual(['locks']);
  });

  it('leave no badge when their process ends, and what a killed one leaves is swept', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'key');
    const locks = new Locks(folder);
    const child = new Child('hold-lock.ts', path);
    expect(await child.line()).toBe('held');
    await locks.sweep();
    expect(pathsBelow(folder)).toHaveLength(2);
    await child.kill();
    await child.end();
    expect(pathsBelow(folder)).toHaveLength(2);
    expect(await locks.holders()).toEqual(new Map());
    await locks.sweep();
    expect(locksBelow(folder)).toEqual([]);
    const turns = await new Child('take-turns.ts', path, '3', '').end();
    expect(turns.code).toBe(0);
    expect(locksBelow(folder)).toEqual(['key.turns']);
  });

  it('let only one in at a time, when many processes fight for a lock and some die in it', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'key');
    writeFileSync(path, claim().replace(/^\d+ \d+/, '999999999 1'));
    const children = ['', '7', '', '20', '3'].map((death) => new Child('take-turns.ts', path, '40', death));
    const ends = await Promise.all(children.map((child) => child.end()));
    expect(ends.map(({ code, errors }) => `${code} ${errors}`)).toEqual([
      '0 ',
      'SIGKILL ',
      '0 ',
      'SIGKILL ',
      'SIGKILL ',
    ]);
    const turns = readFileSync(`${path}.turns`, 'utf8').trimEnd().split('\n');
    expect(turns).toHaveLength(40 + 7 + 40 + 20 + 3);
    await (await new Locks(folder).lock('key', never, unexpected)).release();
    expect(locksBelow(folder)).toEqual(['key.turns']);
  });
});

describe('a holder whom this machine cannot ask', () => {
  it.each([
    ['a day ahead', -day],
    ['right', 0],
    ['a day behind', day],
  ])('that is dead, and whose clock was %s, is taken over after a minute of silence', async (_, seconds) => {
    const folder = temporaryFolder();
    const path = join(folder, 'key');
    writeFileSync(path, elsewhere);
    age(path, seconds);
    const { locks, time } = inOwnTime(folder);
    const told: string[] = [];
    const lock = await locks.lock('key', never, (holder) => told.push(holder));
    expect(told).toHaveLength(1);
    expect(time.seconds).toBeGreaterThanOrEqual(60);
    expect(time.seconds).toBeLessThan(62);
    await lock.release();
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    ['a day ahead', -day],
    ['a minute behind', 60],
    ['a day behind', day],
  ])('that lives, and whose clock is %s, is never taken over', async (_, seconds) => {
    const folder = temporaryFolder();
    const path = join(folder, 'key');
    const stop = new AbortController();
    writeFileSync(path, elsewhere);
    age(path, seconds);
    let beats = 0;
    const { locks } = inOwnTime(folder, (time) => {
      if (time > 3600) stop.abort();
      if (time / 50 > beats) age(path, seconds - 50 * ++beats);
    });
    await expect(locks.lock('key', stop.signal, () => undefined)).rejects.toMatchObject({ name: 'AbortError' });
    expect(readFileSync(path, 'utf8')).toBe(elsewhere);
  });

  it('is not taken over because its watcher was stopped for long', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'key');
    writeFileSync(path, elsewhere);
    const stop = new AbortController();
    const { locks, time } = inOwnTime(folder, (seconds) => {
      if (seconds < 100) time.seconds += 1000;
      else if (seconds > 1050) stop.abort();
    });
    await expect(locks.lock('key', stop.signal, () => undefined)).rejects.toMatchObject({ name: 'AbortError' });
    expect(readFileSync(path, 'utf8')).toBe(elsewhere);
  });

  it('is watched once for all its locks', async () => {
    const folder = temporaryFolder();
    for (const name of ['a', 'b']) writeFileSync(join(folder, name), elsewhere.replace(/ [0-9a-f]{8} /, ' 01234567 '));
    const { locks, time } = inOwnTime(folder);
    await locks.lock('a', never, () => undefined);
    const { seconds } = time;
    expect(await locks.holders()).toEqual(new Map([['a', holderText(process.pid)]]));
    expect(time.seconds - seconds).toBeLessThan(62);
  });

  it('counts as living for holders() as soon as its heartbeat moves', async () => {
    const folder = temporaryFolder();
    for (const name of ['dead', 'living']) writeFileSync(join(folder, name), elsewhere);
    const { locks, time } = inOwnTime(folder, (seconds) => age(join(folder, 'living'), -seconds));
    expect([...(await locks.holders()).keys()]).toEqual(['living']);
    expect(time.seconds).toBeLessThan(62);
  });

  it('loses its lock, knows it, and does not take that of the next one', async () => {
    const folder = temporaryFolder();
    const stopped = new Locks(folder, {
      ...thisMachine,
      claim: () => claim().replace(parseHolder(claim())?.machine ?? '', '0123456789'),
      every: () => () => undefined,
    });
    const old = await stopped.lock('key', never, unexpected);
    const lock = await inOwnTime(folder).locks.lock('key', never, () => undefined);
    expect([await old.isHeld(), await lock.isHeld()]).toEqual([false, true]);
    await old.release();
    expect(await lock.isHeld()).toBe(true);
  });

  it('is told that it has lost its lock with its next heartbeat', async () => {
    const folder = temporaryFolder();
    let beat: () => void = () => undefined;
    const every = (_: number, action: () => void) => {
      beat = action;
      return () => undefined;
    };
    const locks = new Locks(folder, { ...thisMachine, every });
    const [lost, kept] = [await locks.lock('lost', never, unexpected), await locks.lock('kept', never, unexpected)];
    unlinkSync(join(folder, 'lost'));
    beat();
    await expect.poll(() => lost.lost.aborted).toBe(true);
    expect(kept.lost.aborted).toBe(false);
    expect(lost.lost.reason).toMatchObject({ message: 'lost was taken over by another process' });
  });
});

describe('a lock that names nobody', () => {
  it.each<[string, (path: string) => void]>([
    ['an empty file, as a loss of power leaves it', (path) => writeFileSync(path, '')],
    ['a file of zeros', (path) => writeFileSync(path, Buffer.alloc(40))],
    ['a text of somebody else', (path) => writeFileSync(path, 'somebody')],
    ['half a name', (path) => writeFileSync(path, elsewhere.slice(0, 20))],
    ['a large file', (path) => writeFileSync(path, Buffer.alloc(1_000_000, elsewhere))],
    ['an empty folder', (path) => mkdirSync(path)],
    ['a folder with files', (path) => writeFiles(path, { file: '' })],
    ['a link to nothing', (path) => symlinkSync('nothing', path)],
    ['a link to itself', (path) => symlinkSync('key', path)],
  ])('is taken over after a minute of silence: %s', async (_, make) => {
    const folder = temporaryFolder();
    make(join(folder, 'key'));
    const { locks, time } = inOwnTime(folder);
    const told: string[] = [];
    const lock = await locks.lock('key', never, (holder) => told.push(holder));
    expect(told).toEqual(['whoever made a lock that names nobody']);
    expect(time.seconds).toBeGreaterThanOrEqual(60);
    expect(time.seconds).toBeLessThan(62);
    expect(await lock.isHeld()).toBe(true);
    await lock.release();
    expect(locksBelow(folder)).toEqual([]);
  });

  it('is nobody’s for holders() after a minute, and swept then', async () => {
    const folder = temporaryFolder();
    for (const name of ['key', '.badge-01234567']) writeFileSync(join(folder, name), '');
    const { locks, time } = inOwnTime(folder);
    const watched: string[] = [];
    expect(await locks.holders((holder) => watched.push(holder))).toEqual(new Map());
    expect(watched).toEqual(['whoever made a lock that names nobody']);
    expect(time.seconds).toBeGreaterThanOrEqual(60);
    await locks.sweep();
    expect(pathsBelow(dirname(join(folder, 'key'))).filter((path) => path === 'key')).toEqual([]);
  });
});

const holderText = (pid: number | undefined) => `process ${pid} on ${parseHolder(claim())?.host}`;
