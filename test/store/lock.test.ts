import { existsSync, lstatSync, lutimesSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { claim, parseHolder } from '../../src/store/holder.ts';
import { holderOf, lockFile } from '../../src/store/lock.ts';
import { Child } from './child.ts';
import { never, pathsBelow, temporaryFolder, unexpected } from './stored.ts';

/** A holder on a machine that we cannot ask. */
const elsewhere = claim().replace(parseHolder(claim())?.machine ?? '', '0123456789');

/** Sets the heartbeat of a lock, seconds before now. */
function age(path: string, seconds: number): void {
  const time = Date.now() / 1000 - seconds;
  lutimesSync(path, time, time);
}

describe('lockFile', () => {
  it('leaves nothing behind when it is released', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'locks/key');
    const lock = await lockFile(path, never, unexpected);
    expect(holderOf(path)).toContain(`process ${process.pid} on `);
    await lock.release();
    await lock.release();
    expect(pathsBelow(folder)).toEqual(['locks']);
    expect(holderOf(path)).toBeUndefined();
  });

  it('does not release a lock that somebody else took over', async () => {
    const path = join(temporaryFolder(), 'key');
    const lock = await lockFile(path, never, unexpected);
    const { unlinkSync } = await import('node:fs');
    unlinkSync(path);
    symlinkSync(elsewhere, path);
    await lock.release();
    expect(readlinkSync(path)).toBe(elsewhere);
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
    symlinkSync(claim().replace(` ${start} `, ` ${Number(start) - 1} `), path);
    await (await lockFile(path, never, unexpected)).release();
  });

  it('takes over from another machine only when its heartbeat is a minute old', async () => {
    const path = join(temporaryFolder(), 'key');
    symlinkSync(elsewhere, path);
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
    symlinkSync('somebody', path);
    age(path, 10_000);
    const stop = new AbortController();
    const holders: string[] = [];
    const waiting = lockFile(path, stop.signal, (holder) => {
      holders.push(holder);
      stop.abort();
    });
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect(holders).toEqual(['somebody']);
    expect(readlinkSync(path)).toBe('somebody');
  });

  it('leaves a dead holder to whoever is taking over from it just now, and helps when that one died too', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'key');
    const { start = '', nonce = '' } = parseHolder(claim()) ?? {};
    const dead = claim()
      .replace(` ${start} `, ' 1 ')
      .replace(/ [0-9a-f]{8} /, ` ${nonce} `);
    symlinkSync(dead, path);
    const right = `${path}.${nonce}`;
    symlinkSync(elsewhere, right);
    let waited = false;
    const lock = await lockFile(path, never, () => {
      waited = true;
      expect(readlinkSync(path)).toBe(dead);
      age(right, 100);
    });
    expect(waited).toBe(true);
    expect(pathsBelow(folder)).toEqual(['key']);
    await lock.release();
    expect(pathsBelow(folder)).toEqual([]);
  });

  it('refreshes all locks of a process every few seconds, and stops when they are released', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const folder = temporaryFolder();
    const paths = [join(folder, 'a'), join(folder, 'b')] as const;
    const locks = [await lockFile(paths[0], never, unexpected), await lockFile(paths[1], never, unexpected)] as const;
    const ages = () => paths.map((path) => Math.abs(Date.now() - lstatSync(path).mtimeMs));
    vi.advanceTimersByTime(3_600_000);
    for (const milliseconds of ages()) expect(milliseconds).toBeLessThan(10_000);
    await locks[0].release();
    vi.advanceTimersByTime(3_600_000);
    expect(Date.now() - lstatSync(paths[1]).mtimeMs).toBeLessThan(10_000);
    expect(vi.getTimerCount()).toBe(1);
    await locks[1].release();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lets only one in at a time, when many processes fight for a lock and some die in it', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'key');
    symlinkSync(claim().replace(/^\d+ \d+/, '999999999 1'), path);
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
    expect(pathsBelow(folder)).toEqual(['key.turns']);
  });
});

const holderText = (pid: number | undefined) => `process ${pid} on ${parseHolder(claim())?.host}`;
