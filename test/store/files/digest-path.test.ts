import { mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { folderDigest, sha256 } from '../../../src/fingerprint/digest.ts';
import { digestPath } from '../../../src/store/files/digest-path.ts';
import { CacheRows, rememberStats, writeSourceCache } from '../../../src/store/files/source-cache.ts';
import { sourceChanges, sourceDigester, sourceRecorder } from '../../../src/store/files/sources.ts';
import { failureOf, pathsBelow, temporaryFolder, writeFiles } from '../stored.ts';

const listed = (files: Readonly<Record<string, string>>, ...empty: readonly string[]) =>
  folderDigest([
    ...Object.entries(files).map(([path, text]) => ({ path, digest: sha256(text) })),
    ...empty.map((path) => ({ path: `${path}/`, digest: '' })),
  ]);

/** A folder of files that were changed long ago, so that what is read of them is remembered. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = join(temporaryFolder(), 'source');
  mkdirSync(folder);
  writeFiles(folder, files);
  for (const path of Object.keys(files)) utimesSync(join(folder, path), 1e9, 1e9);
  return folder;
}

describe('the digest of a source', () => {
  it('of a file is that of its bytes, of a folder that of its sorted list', async () => {
    const files = { 'a.txt': 'a', 'sub/b.txt': 'b', 'sub/deep/c': '' };
    const folder = folderOf(files);
    expect(await digestPath(join(folder, 'a.txt'))).toBe(sha256('a'));
    expect(await digestPath(folder)).toBe(listed(files));
    expect(await digestPath(`${folder}/sub`)).toBe(listed({ 'b.txt': 'b', 'deep/c': '' }));
  });

  it('of a large file is the same with and without a cache, and whether it was read or remembered', async () => {
    const text = 'x'.repeat(2 ** 18 + 1);
    const folder = folderOf({ large: text });
    const cache = temporaryFolder();
    for (let times = 0; times < 2; times++) expect(await digestPath(join(folder, 'large'), cache)).toBe(sha256(text));
    expect(readdirSync(cache)).toHaveLength(1);
  });

  it('of a folder changes with its empty folders, which a program that lists it sees', async () => {
    const folder = folderOf({ 'a.txt': 'a' });
    mkdirSync(join(folder, 'b/c'), { recursive: true });
    expect(await digestPath(folder)).toBe(listed({ 'a.txt': 'a' }, 'b/c'));
    writeFiles(folder, { 'b/c/d': '' });
    expect(await digestPath(folder)).toBe(listed({ 'a.txt': 'a', 'b/c/d': '' }));
  });

  it('of a folder is the same whatever programs leave in it', async () => {
    const files = { 'a.py': 'a', 'sub/b.txt': 'b', 'sub/4913': 'a picture’s number' };
    const folder = folderOf(files);
    writeFiles(folder, {
      ...{ '__pycache__/a.cpython-312.pyc': '1', 'sub/old.pyc': '', '.pytest_cache/x': '' },
      ...{ '.git/HEAD': 'ref', 'sub/.svn/entries': '', '.ipynb_checkpoints/n.ipynb': '{}' },
      ...{ '.a.py.swp': '', 'a.py~': '', '#a.py#': '', '4913': '', '.DS_Store': '', 'sub/Thumbs.db': '' },
      ...{ 'sub/.nfs000000000a1b2c3d00000001': '' },
    });
    symlinkSync('me@host.1234:99', join(folder, '.#a.py'));
    expect(await digestPath(folder)).toBe(listed(files));
  });

  it('of a folder that holds kdpipe’s own does not change with runs', async () => {
    const folder = folderOf({ 'a.py': 'a', 'sub/runs/b': 'b' });
    const digest = sourceDigester(join(folder, 'runs/.store'));
    const before = await digest(folder);
    expect(before).toBe(listed({ 'a.py': 'a', 'sub/runs/b': 'b' }));
    writeFiles(folder, { 'runs/p/latest/report.md': '#' });
    expect(await digest(folder)).toBe(before);
    expect(await digest(join(folder, 'runs/p'))).toBe(listed({ 'latest/report.md': '#' }));
  });

  it('follows links, also out of the folder', async () => {
    const folder = folderOf({ 'a.txt': 'a' });
    const elsewhere = folderOf({ 'b.txt': 'b' });
    symlinkSync(elsewhere, join(folder, 'linked'));
    expect(await digestPath(folder)).toBe(listed({ 'a.txt': 'a', 'linked/b.txt': 'b' }));
  });

  it('of nothing is refused with the part of the path that is there', async () => {
    const folder = folderOf({ 'a.txt': 'a' });
    const path = join(folder, 'sub/deep/birds');
    expect(await failureOf(() => digestPath(path))).toMatchObject({
      code: 'missing-source',
      message: `there is no file or folder ${path}; what there is of it: ${folder}`,
    });
    expect(await failureOf(() => digestPath(join(folder, 'a.txt/below')))).toMatchObject({ code: 'missing-source' });
  });
});

describe('the cache of digests', () => {
  // Nobody can set back when an inode was changed: what the tests write was written long ago.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 }));
  afterEach(() => void vi.useRealTimers());
  const files = { 'a.txt': 'aaa', 'sub/b.txt': 'bbb' };

  it('spares reading: a file whose state is remembered is believed', async () => {
    const folder = folderOf(files);
    const cache = temporaryFolder();
    const wrong = sha256('never written');
    const rows = new CacheRows();
    for (const path of Object.keys(files))
      rows.add(path, rememberStats(statSync(join(folder, path)), wrong, Date.now()));
    writeSourceCache(cache, folder, rows);
    const believed = folderDigest(Object.keys(files).map((path) => ({ path, digest: wrong })));
    expect(await digestPath(folder, cache)).toBe(believed);
    expect(await digestPath(folder)).toBe(listed(files));
  });

  it.each<[string, (folder: string) => void, Readonly<Record<string, string>>, string?]>([
    ['a file was changed', (folder) => writeFiles(folder, { 'a.txt': 'AAAA' }), { ...files, 'a.txt': 'AAAA' }],
    [
      'a file was changed to the same size and its time set back',
      (folder) => {
        writeFiles(folder, { 'a.txt': 'AAA' });
        utimesSync(join(folder, 'a.txt'), 1e9, 1e9);
      },
      { ...files, 'a.txt': 'AAA' },
    ],
    [
      'another file of the same size and time was moved there',
      (folder) => {
        writeFiles(folder, { 'new.txt': 'AAA' });
        utimesSync(join(folder, 'new.txt'), 1e9, 1e9);
        renameSync(join(folder, 'new.txt'), join(folder, 'a.txt'));
      },
      { ...files, 'a.txt': 'AAA' },
    ],
    ['a file has come', (folder) => writeFiles(folder, { 'sub/c.txt': '' }), { ...files, 'sub/c.txt': '' }],
    ['a file has gone', (folder) => rmSync(join(folder, 'sub/b.txt')), { 'a.txt': 'aaa' }, 'sub'],
    [
      'two files changed places',
      (folder) => {
        renameSync(join(folder, 'a.txt'), join(folder, 'x'));
        renameSync(join(folder, 'sub/b.txt'), join(folder, 'a.txt'));
        renameSync(join(folder, 'x'), join(folder, 'sub/b.txt'));
      },
      { 'a.txt': 'bbb', 'sub/b.txt': 'aaa' },
    ],
  ])('is not believed when %s', async (_, change, after, ...empty) => {
    const folder = folderOf(files);
    const cache = temporaryFolder();
    expect(await digestPath(folder, cache)).toBe(listed(files));
    change(folder);
    for (let times = 0; times < 2; times++)
      expect(await digestPath(folder, cache)).toBe(listed(after, ...empty.filter((path) => path !== undefined)));
  });

  it('gives what reading gives, whatever happens to the files', async () => {
    const step = fc.record({
      path: fc.constantFrom('a', 'b', 'c/d', 'c/e'),
      text: fc.option(fc.constantFrom('1', '2', '33', ''), { nil: undefined }),
      old: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const root = temporaryFolder();
        const [folder, cache] = [join(root, 'source'), join(root, 'cache')];
        mkdirSync(folder);
        const there: Record<string, string> = {};
        let madeFolder = false;
        for (const { path, text, old } of steps) {
          if (text === undefined) {
            rmSync(join(folder, path), { force: true });
            Reflect.deleteProperty(there, path);
          } else {
            writeFiles(folder, { [path]: text });
            if (old) utimesSync(join(folder, path), 1e9, 1e9);
            there[path] = text;
            madeFolder ||= path.startsWith('c/');
          }
          const empty = madeFolder && !Object.keys(there).some((name) => name.startsWith('c/')) ? ['c'] : [];
          expect(await digestPath(folder, cache)).toBe(listed(there, ...empty));
        }
      }),
      { numRuns: 30 },
    );
  });

  it('lies in the store, and a small file needs none', async () => {
    const [folder, root] = [folderOf(files), join(temporaryFolder(), 'store')];
    const digest = sourceDigester(root);
    expect(await digest(join(folder, 'a.txt'))).toBe(sha256('aaa'));
    expect(pathsBelow(root)).toEqual([]);
    expect(await digest(folder)).toBe(listed(files));
    expect(pathsBelow(root)).toEqual(['.sources', expect.stringMatching(/^\.sources\/[0-9a-f]{32}$/)]);
  });
});

describe('what changed in a source', () => {
  it('is told by its two digests, of a folder whose states were recorded', async () => {
    const root = join(temporaryFolder(), 'runs/.store');
    const folder = folderOf({ 'a.py': '1', 'b.py': '1', 'sub/c.py': '1' });
    const record = sourceRecorder(root);
    const before = await record(folder);
    writeFiles(folder, { 'a.py': '2', 'new/d.py': '1' });
    rmSync(join(folder, 'sub/c.py'));
    const after = await record(folder);
    expect(sourceChanges(root, before, after)).toBe('edited a.py; added new/d.py, sub/; removed sub/c.py');
  });

  it('is not known of files, of folders that nobody recorded, and where the record is damaged', async () => {
    const root = join(temporaryFolder(), 'runs/.store');
    const folder = folderOf({ 'a.py': '1' });
    const before = await sourceDigester(root)(folder);
    writeFiles(folder, { 'a.py': '2' });
    const after = await sourceRecorder(root)(folder);
    expect(sourceChanges(root, before, after)).toBe('');
    expect(sourceChanges(root, sha256('1'), sha256('2'))).toBe('');
    writeFiles(join(root, '.sources/listings'), { [before]: '[["x","y"]]' });
    expect(sourceChanges(root, before, after)).toBe('');
  });

  it('keeps the states that are asked for most recently', async () => {
    const root = join(temporaryFolder(), 'runs/.store');
    const folder = folderOf({ a: '' });
    for (let at = 0; at < 70; at++) {
      writeFiles(folder, { a: String(at) });
      await sourceRecorder(root)(folder);
    }
    expect(readdirSync(join(root, '.sources/listings')).length).toBeLessThanOrEqual(64);
  });
});
