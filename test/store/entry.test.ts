import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { holds, makeEntry, stampOf, validate, type Hint, type Stamp } from '../../src/store/entry.ts';
import { openStore } from '../../src/store/local.ts';
import { commit, failureOf, keyOf, temporaryFolder } from './stored.ts';

const key = keyOf('student');
const files = { 'out.txt': 'hello', 'data/deep/x': '12', 'data/y': 'y' };

async function stored() {
  const entry = await commit(openStore(join(temporaryFolder(), 'store')), key, files, {
    outputs: { out: 'out.txt', data: 'data' },
  });
  const stamp = stampOf(join(entry.path, 'manifest.json'));
  const hint = stamp && validate(entry.path, key, stamp);
  if (!hint) throw new Error('the entry is not valid');
  return { path: entry.path, stamp, hint, outputs: entry.outputs };
}

describe('a stamp', () => {
  it('is none where nothing is, and differs after every change of size or content', () => {
    const file = join(temporaryFolder(), 'file');
    expect(stampOf(file)).toBeUndefined();
    writeFileSync(file, '1');
    const [size, modified, inode] = stampOf(file) ?? [];
    expect([size, typeof modified, typeof inode]).toEqual([1, 'number', 'number']);
    appendFileSync(file, '2');
    expect(stampOf(file)?.[0]).toBe(2);
  });
});

describe('an entry that was found valid', () => {
  it('is remembered with outputs, and the stamps of manifest and of all its folders', async () => {
    const { hint, stamp, outputs, path } = await stored();
    expect(hint.manifest).toEqual(stamp);
    expect(hint.outputs).toEqual(outputs);
    expect(hint.folders.map(([folder]) => folder).sort()).toEqual(['', 'data', 'data/deep']);
    for (const [folder, of] of hint.folders) expect(of).toEqual(stampOf(join(path, folder)));
    expect(holds(hint, path, stamp)).toBe(true);
  });

  it('is not believed when one number of one stamp differs', async () => {
    const { hint, stamp, path } = await stored();
    const bumped = (of: Stamp): readonly Stamp[] =>
      ([0, 1, 2] as const).map((at): Stamp => [
        of[0] + Number(at === 0),
        of[1] + Number(at === 1),
        of[2] + Number(at === 2),
      ]);
    for (const other of bumped(stamp)) expect(holds(hint, path, other)).toBe(false);
    for (const [at, [folder, of]] of hint.folders.entries())
      for (const other of bumped(of)) {
        const changed: Hint = { ...hint, folders: hint.folders.with(at, [folder, other]) };
        expect(holds(changed, path, stamp), folder).toBe(false);
      }
  });

  it.each([
    ['a file is missing', (path: string) => rmSync(join(path, 'data/y'))],
    ['a file has another size', (path: string) => writeFileSync(join(path, 'data/deep/x'), '123')],
    ['the manifest is of another key', (path: string) => writeFileSync(join(path, 'manifest.json'), '{"format":1}')],
  ])('is not valid any more when %s', async (_, damage) => {
    const { path, stamp } = await stored();
    damage(path);
    expect(validate(path, key, stamp)).toBeUndefined();
  });

  it('gives its manifest when asked, and says what to do when it has gone meanwhile', async () => {
    const { path, outputs } = await stored();
    const entry = makeEntry(key, path, outputs);
    expect(entry.manifest()).toMatchObject({ key, outputs });
    rmSync(path, { recursive: true });
    expect(await failureOf(() => entry.manifest())).toMatchObject({
      code: 'lost-entry',
      place: { file: path },
      fix: 'run again: what is missing is made anew',
    });
  });
});
