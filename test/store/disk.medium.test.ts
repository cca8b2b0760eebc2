import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
  openSync,
  closeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import { diskFailure } from '../../src/store/disk-failure.ts';
import { openStore } from '../../src/store/local.ts';
import {
  commit,
  draftManifest,
  failureOf,
  keyOf,
  never,
  pathsBelow,
  temporaryFolder,
  unexpected,
  writeFiles,
} from './stored.ts';

const key = keyOf('student');

/** Mounts a disk of its own for the test; skips the test, with the reason, where that is not permitted. */
function mountDisk(context: TestContext, size: string): string {
  const folder = join(temporaryFolder(), 'disk');
  mkdirSync(folder);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder], { encoding: 'utf8' });
  if (mounted.status !== 0) context.skip(`cannot mount a disk here: ${mounted.stderr || String(mounted.error)}`);
  onTestFinished(() => {
    execFileSync('umount', ['-l', folder]);
  });
  return folder;
}

/** Writes a file until the disk is full. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch {
    // Full.
  } finally {
    closeSync(file);
  }
}

describe('a full disk', () => {
  it('makes a commit fail clearly, and leaves nothing half written', async (context) => {
    const disk = mountDisk(context, '256k');
    const store = openStore(join(disk, 'store'));
    await commit(store, keyOf('earlier'));
    const draft = await store.draft(key);
    writeFiles(draft.path, { 'out.txt': 'x'.repeat(10_000) });
    fill(join(disk, 'filler'));
    const failure = await failureOf(() => draft.commit(draftManifest(key)));
    expect(failure).toMatchObject({
      code: 'disk-full',
      message: 'the disk is full while storing the result of student[seed=0]',
      place: { file: store.root },
      fix: expect.stringContaining('kdpipe gc') as string,
    });
    expect(existsSync(draft.path)).toBe(false);
    expect(pathsBelow(join(store.root, '.drafts'))).toEqual([]);
    expect(store.find(key)).toBeUndefined();
    expect(store.keys()).toEqual([keyOf('earlier')]);
    rmSync(join(disk, 'filler'));
    expect(await commit(store, key)).toMatchObject({ key });
    expect(openStore(store.root).find(key)).toBeDefined();
  });

  it('does not hide results that are there, nor the index that cannot grow', async (context) => {
    const disk = mountDisk(context, '256k');
    const store = openStore(join(disk, 'store'));
    for (let at = 0; at < 30; at++) await commit(store, keyOf(at), { 'out.txt': `${at}` });
    fill(join(disk, 'filler'));
    for (let round = 0; round < 2; round++) {
      const reader = openStore(store.root);
      for (let at = 0; at < 30; at++) expect(reader.find(keyOf(at))?.manifest().key).toBe(keyOf(at));
    }
  });
});

describe('a disk that is mounted read-only', () => {
  it('is read as usual, and refuses drafts, locks, scratch folders and removal clearly', async (context) => {
    const disk = mountDisk(context, '1m');
    const store = openStore(join(disk, 'store'));
    const entry = await commit(store, key);
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    expect(openStore(store.root).find(key)?.outputs).toEqual(entry.outputs);
    const failures = await Promise.all([
      failureOf(() => store.draft(keyOf('new'))),
      failureOf(() => store.lock(key, never, unexpected)),
      failureOf(() => store.scratch(key)),
      failureOf(() => store.remove(key)),
    ]);
    expect(failures.map((failure) => failure?.code)).toEqual(Array(4).fill('read-only'));
    expect(failures[0]?.message).toBe('the disk is mounted read-only while beginning a result');
    expect(store.find(key)).toBeDefined();
  });

  it('makes a commit of an earlier draft fail clearly', async (context) => {
    const disk = mountDisk(context, '1m');
    const store = openStore(join(disk, 'store'));
    const drafts = [await store.draft(key), await store.draft(key)] as const;
    for (const draft of drafts) writeFiles(draft.path, { 'out.txt': 'x' });
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    expect((await failureOf(() => drafts[0].commit(draftManifest(key))))?.code).toBe('read-only');
    expect((await failureOf(() => drafts[1].taint(draftManifest(key), [])))?.code).toBe('read-only');
    expect(store.find(key)).toBeUndefined();
  });
});

describe('a store of another user', () => {
  it('refuses drafts and locks clearly', async () => {
    const root = join(temporaryFolder(), 'store');
    mkdirSync(root);
    chmodSync(dirname(root), 0o755);
    chmodSync(root, 0o555);
    const store = openStore(root);
    const { geteuid, seteuid } = process;
    const user = geteuid?.();
    // Root may write everywhere, so it becomes nobody for a moment.
    if (user === 0) seteuid?.(65534);
    try {
      expect((await failureOf(() => store.draft(key)))?.code).toBe('no-permission');
      expect((await failureOf(() => store.lock(key, never, unexpected)))?.code).toBe('no-permission');
      expect(store.find(key)).toBeUndefined();
    } finally {
      if (user === 0) seteuid?.(0);
    }
  });
});

describe('a draft that cannot be committed', () => {
  it('is removed when it holds a link that leads out of it', async () => {
    const store = openStore(temporaryFolder());
    const draft = await store.draft(key);
    writeFileSync(join(draft.path, 'out.txt'), 'x');
    symlinkSync('/etc/hosts', join(draft.path, 'hosts'));
    const failure = await failureOf(() => draft.commit(draftManifest(key)));
    expect(failure).toMatchObject({
      code: 'link-outside',
      message: expect.stringContaining('hosts → /etc/hosts') as string,
    });
    expect(pathsBelow(store.root)).toEqual(['.drafts']);
  });

  it('is refused when its folder is gone', async () => {
    const store = openStore(temporaryFolder());
    const draft = await store.draft(key);
    await draft.discard();
    await expect(draft.commit(draftManifest(key))).rejects.toThrow('ENOENT');
    expect(pathsBelow(store.root)).toEqual(['.drafts']);
  });
});

describe('what a commit leaves on the disk', () => {
  it('is one folder, with links kept as links', async () => {
    const store = openStore(temporaryFolder());
    const draft = await store.draft(key);
    writeFiles(draft.path, { 'steps/1/w': 'abc' });
    symlinkSync('steps/1', join(draft.path, 'latest'));
    const entry = await draft.commit(draftManifest(key, { outputs: { weights: 'latest/w' } }));
    const below = ['latest', 'manifest.json', 'steps', 'steps/1', 'steps/1/w'];
    expect(pathsBelow(entry.path)).toEqual(below);
    expect(pathsBelow(store.root)).toEqual(
      [
        key.slice(0, 2),
        `${key.slice(0, 2)}/${key}`,
        ...below.map((path) => `${key.slice(0, 2)}/${key}/${path}`),
        '.drafts',
      ].toSorted(),
    );
    expect(
      openStore(store.root)
        .find(key)
        ?.manifest()
        .files.map(({ path }) => path),
    ).toEqual(['latest/w', 'steps/1/w']);
  });
});

describe('diskFailure', () => {
  it.each([
    ['ENOSPC', 'disk-full'],
    ['EDQUOT', 'disk-full'],
    ['EROFS', 'read-only'],
    ['EACCES', 'no-permission'],
    ['EPERM', 'no-permission'],
  ])('makes a failure of %s', async (code, expected) => {
    const error = Object.assign(new Error('write'), { code });
    const failure = await failureOf(() => {
      throw diskFailure(error, 'testing', '/store');
    });
    expect(failure).toMatchObject({ code: expected, place: { file: '/store' } });
    expect(failure?.message).toMatch(/ while testing$/);
  });

  it('leaves all other errors as they are', () => {
    for (const error of [new Error('bug'), Object.assign(new Error('read'), { code: 'EIO' }), 'text', undefined])
      expect(diskFailure(error, 'testing', '/store')).toBe(error);
  });
});
