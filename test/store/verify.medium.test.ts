import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/fingerprint/digest.ts';
import { entryPath } from '../../src/store/layout.ts';
import { openStore } from '../../src/store/local.ts';
import type { Store } from '../../src/store/store.ts';
import { verify, type StoreProblem } from '../../src/store/verify.ts';
import { commit, keyOf, temporaryFolder, writeFiles } from './stored.ts';

const key = keyOf('student');
const files = { 'out.txt': 'hello', 'data/deep/x.bin': '12345', 'data/y': 'y' };

async function stored(): Promise<{ readonly store: Store; readonly entry: string }> {
  const store = openStore(join(temporaryFolder(), 'store'));
  const { path } = await commit(store, key, files, { outputs: { out: 'out.txt', data: 'data' } });
  await commit(store, keyOf('untouched'));
  return { store, entry: path };
}

async function problemsOf(store: Store, keys?: readonly string[]): Promise<readonly StoreProblem[]> {
  const problems: StoreProblem[] = [];
  for await (const problem of verify(store, keys)) problems.push(problem);
  return problems;
}

describe('verify', () => {
  it('finds nothing wrong with what was stored, also after it was copied to another disk', async () => {
    const { store } = await stored();
    expect(await problemsOf(store)).toEqual([]);
    const copy = join(temporaryFolder(), 'copy');
    cpSync(store.root, copy, { recursive: true });
    expect(await problemsOf(openStore(copy))).toEqual([]);
  });

  it.each<[string, (entry: string) => void, object]>([
    [
      'a file is missing',
      (entry) => rmSync(join(entry, 'data/y')),
      { code: 'missing-file', message: 'data/y is missing' },
    ],
    [
      'a file has lost its end',
      (entry) => writeFileSync(join(entry, 'out.txt'), 'hell'),
      { code: 'wrong-size', message: 'out.txt has 4 bytes', expected: '5 bytes' },
    ],
    [
      'a file has grown',
      (entry) => appendFileSync(join(entry, 'data/deep/x.bin'), '6'),
      { code: 'wrong-size', message: 'data/deep/x.bin has 6 bytes', expected: '5 bytes' },
    ],
    [
      'a file has another content of the same size',
      (entry) => writeFileSync(join(entry, 'out.txt'), 'HELLO'),
      {
        code: 'changed-file',
        message: `the content of out.txt has changed: its SHA-256 is ${sha256('HELLO')}`,
        expected: sha256('hello'),
      },
    ],
    [
      'a file has come',
      (entry) => writeFileSync(join(entry, 'data/new'), ''),
      { code: 'unknown-file', message: 'data/new is no part of the result', fix: 'remove the file' },
    ],
    [
      'the manifest is gone',
      (entry) => rmSync(join(entry, 'manifest.json')),
      { code: 'invalid-manifest', message: 'there is no manifest' },
    ],
    [
      'the manifest is cut off',
      (entry) =>
        writeFileSync(join(entry, 'manifest.json'), readFileSync(join(entry, 'manifest.json')).subarray(0, 99)),
      { code: 'invalid-manifest', message: 'the manifest is damaged' },
    ],
    ['a link leads nowhere', (entry) => symlinkSync('nowhere', join(entry, 'data/link')), { code: 'broken-link' }],
    ['a link leads out', (entry) => symlinkSync('/etc', join(entry, 'data/link')), { code: 'link-outside' }],
    [
      'something is neither file nor folder',
      (entry) => execFileSync('mkfifo', [join(entry, 'pipe')]),
      { code: 'special-file' },
    ],
  ])('says so, with key and place, when %s, and goes on with the rest', async (_, damage, problem) => {
    const { store, entry } = await stored();
    damage(entry);
    const found = await problemsOf(store);
    expect(found).toEqual([expect.objectContaining({ ...problem, key })]);
    expect(found[0]?.fix).toBeTruthy();
    if (found[0]?.place) expect(found[0].place.file.startsWith(`${entry}/`)).toBe(true);
    expect(await problemsOf(store, [keyOf('untouched')])).toEqual([]);
  });

  it('names every damage of an entry, not only the first', async () => {
    const { store, entry } = await stored();
    writeFiles(entry, { 'out.txt': 'HELLO', 'data/new': '' });
    rmSync(join(entry, 'data/y'));
    expect((await problemsOf(store)).map(({ code }) => code).sort()).toEqual([
      'changed-file',
      'missing-file',
      'unknown-file',
    ]);
  });

  it('does not take the result of one key for that of another', async () => {
    const { store, entry } = await stored();
    const other = entryPath(store.root, keyOf('other'));
    mkdirSync(dirname(other), { recursive: true });
    renameSync(entry, other);
    expect(await problemsOf(store)).toEqual([
      expect.objectContaining({ key: keyOf('other'), code: 'invalid-manifest', message: 'the manifest is damaged' }),
    ]);
  });

  it('finds any one wrong bit of any file', async () => {
    const { store, entry } = await stored();
    const names = Object.keys(files) as (keyof typeof files)[];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.nat(4), fc.nat(7), async (name, at, bit) => {
        const path = join(entry, name);
        const whole = readFileSync(path);
        const place = at % whole.length;
        const damaged = Buffer.from(whole);
        damaged[place] = (damaged[place] ?? 0) ^ (1 << bit);
        writeFileSync(path, damaged);
        expect(await problemsOf(store)).toMatchObject([{ code: 'changed-file', key, place: { file: path } }]);
        writeFileSync(path, whole);
      }),
      { numRuns: 40 },
    );
    expect(await problemsOf(store)).toEqual([]);
  });

  it('reads, and changes nothing: no mode, no index', async () => {
    const { store, entry } = await stored();
    chmodSync(join(entry, 'out.txt'), 0o444);
    rmSync(join(store.root, '.index-2'), { force: true });
    expect(await problemsOf(store)).toEqual([]);
    expect(openStore(store.root).keys()).toHaveLength(2);
    expect(() => readFileSync(join(store.root, '.index-2'))).toThrow('ENOENT');
  });
});
