import { existsSync, readFileSync, rmSync, statSync, utimesSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { claim, parseHolder } from '../../src/store/holder.ts';
import { holderOf, lockFile, sweepBadges } from '../../src/store/lock.ts';
import { Child } from './child.ts';
import { never, pathsBelow, temporaryFolder, unexpected } from './stored.ts';

/** A holder on a machine that we cannot ask. */
const elsewhere = claim().replace(parseHolder(claim())?.machine ?? '', '0123456789');

/** Sets the heartbeat of a lock, seconds before now. */
function age(path: string, seconds: number): void {
  const time = Date.now() / 1000 - seconds;
  utimesSync(path, time, time);
}

/** All that lies in a folder but badges: these stay until their process ends, or has held no lock for some seconds. */
const locksBelow = (folder: string) => pathsBelow(folder).filter((path) => !path.includes('.badge-'));

describe('lockFile', () => {
  it('leaves nothing behind when it is released', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'locks/key');
    const lock = await lockFile(path, never, unexpected);
    expect(holderOf(path)).toContain(`process ${process.pid} on `);
    await lock.release();
    await lock.release();
    expect(locksBelow(folder)).toEqual(['locks']);
    expect(holderOf(path)).toBeUndefined();
  });

  it('does not release a lock that somebody else took over', async () => {
    const path = join(temporaryFolder(), 'key');
    const lock = await lockFile(path, never, unexpected);
    unlinkSync(path);
    writeFileSync(path, elsewhere);
    await lock.release();
    expect(readFileSync(path, 'utf8')).toBe(elsewhere);
  });

  it('waits for a live process, names it once, and goes on when it is killed', async () => {
    const path = join(temporaryFolder(), 'key');
    const child = new Child('hold-lock.ts', path);
    expect(await child.line()).toBe('held');
    const holders: string[] = [];
    let killed = false;
    const lock = await lockFile(path, never, (holder) => {
      holders.push(holder);
      void child.kill().then(() => (killed = true));
    });
    await child.end();
    expect(holders).toEqual([holderText(child.process.pid)]);
    expect(killed).toBe(true);
    expect(holderOf(path)).toBe(holderText(process.pid));
    await lock.release();
  });

  it('takes over at once from a process that has the id of a dead one', async () => {
    const path = join(temporaryFolder(), 'key');
    const { start = '' } = parseHolder(claim()) ?? {};
    writeFileSync(path, claim().replace(` ${start} `, ` ${Number(start) - 1} `));
    await (await lockFile(path, never, unexpected)).release();
  });

  it('takes over from another machine only when its heartbeat is a minute old', async () => {
    const path = join(temporaryFolder(), 'key');
    writeFileSync(path, elsewhere);
    age(path, 55);
    let waited = false;
    const lock = await lockFile(path, never, () => {
      waited = true;
      age(path, 61);
    });
    expect(waited).toBe(true);
    await lock.release();
    expect(existsSync(path)).toBe(false);
  });

  it('waits for ever for a lock that is none of ours', async () => {
    const path = join(temporaryFolder(), 'key');
    writeFileSync(path, 'somebody');
    age(path, 10_000);
    const stop = new AbortController();
    const holders: string[] = [];
    const waiting = lockFile(path, stop.signal, (holder) => {
      holders.push(holder);
      stop.abort();
    });
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect(holders).toEqual(['somebody']);
    expect(readFileSync(path, 'utf8')).toBe('somebody');
  });

  it('leaves a dead holder to whoever is taking over from it just now, and helps when that one died too', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'key');
    const { start = '', nonce = '' } = parseHolder(claim()) ?? {};
    const dead = claim()
      .replace(` ${start} `, ' 1 ')
      .replace(/ [0-9a-f]{8} /, ` ${nonce} `);
    writeFileSync(path, dead);
    const right = `${path}.${nonce}`;
    writeFileSync(right, elsewhere);
    let waited = false;
    const lock = await lockFile(path, never, () => {
      waited = true;
      expect(readFileSync(path, 'utf8')).toBe(dead);
      age(right, 100);
    });
    expect(waited).toBe(true);
    expect(locksBelow(folder)).toEqual(['key']);
    await lock.release();
    expect(locksBelow(folder)).toEqual([]);
  });

  it('refreshes all locks of a process every few seconds, and stops when they are released', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
    onTestFinished(() => void vi.useRealTimers());
    // Its own heart: that of the other tests beats in real time.
    vi.resetModules();
    const { lockFile } = await import('../../src/store/lock.ts');
    const folder = temporaryFolder();
    const paths = [join(folder, 'a'), join(folder, 'b')] as const;
    const locks = [await lockFile(paths[0], never, unexpected), await lockFile(paths[1], never, unexpected)] as const;
    const ages = () => paths.map((path) => Math.abs(Date.now() - statSync(path).mtimeMs));
    vi.advanceTimersByTime(3_600_000);
    for (const milliseconds of ages()) expect(milliseconds).toBeLessThan(10_000);
    await locks[0].release();
    vi.advanceTimersByTime(3_600_000);
    expect(Date.now() - statSync(paths[1]).mtimeMs).toBeLessThan(10_000);
    expect(vi.getTimerCount()).toBe(1);
    await locks[1].release();
    vi.advanceTimersByTime(10_000);
    expect(vi.getTimerCount()).toBe(0);
    expect(pathsBelow(folder)).toEqual([]);
  });

  it('locks anew in a folder that somebody has removed meanwhile', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'locks/key');
    await (await lockFile(path, never, unexpected)).release();
    rmSync(join(folder, 'locks'), { recursive: true });
    const lock = await lockFile(path, never, unexpected);
    expect(holderOf(path)).toBe(holderText(process.pid));
    await lock.release();
    expect(locksBelow(folder)).toEqual(['locks']);
  });

  it('leaves no badge when its process ends, and a killed one is swept', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'key');
    const child = new Child('hold-lock.ts', path);
    expect(await child.line()).toBe('held');
    sweepBadges(folder);
    expect(pathsBelow(folder)).toHaveLength(2);
    await child.kill();
    await child.end();
    expect(pathsBelow(folder)).toHaveLength(2);
    sweepBadges(folder);
    expect(pathsBelow(folder)).toEqual(['key']);
    expect(holderOf(path)).toBeUndefined();
    const turns = await new Child('take-turns.ts', path, '3', '').end();
    expect(turns.code).toBe(0);
    expect(pathsBelow(folder)).toEqual(['key.turns']);
  });

  it('lets only one in at a time, when many processes fight for a lock and some die in it', async () => {
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
    await (await lockFile(path, never, unexpected)).release();
    expect(locksBelow(folder)).toEqual(['key.turns']);
  });
});

const holderText = (pid: number | undefined) => `process ${pid} on ${parseHolder(claim())?.host}`;
