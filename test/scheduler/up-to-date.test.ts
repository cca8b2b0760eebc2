import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/fingerprint/digest.ts';
import { saveUpToDate, findUpToDate, type Request, type UpToDate } from '../../src/scheduler/up-to-date.ts';
import { openStore } from '../../src/store/local.ts';
import { sourceDigester } from '../../src/store/files/sources.ts';
import type { Store } from '../../src/store/store.ts';
import { commit, keyOf } from '../store/stored.ts';

let folder = '';
let store: Store;
const key = keyOf('teacher');
const at = (name: string): string => join(folder, name);
const environment = { HOME_OF_DATA: '/data', UNSET: undefined };
const request = (changes: Partial<Request> = {}): Request => ({
  ...{ file: at('p.yaml'), text: 'name: p', overrides: ['lr=1'], workingFolder: folder, program: 'one', ...changes },
});
const recall = (changes: Partial<Request> = {}, env: Record<string, string | undefined> = environment) =>
  findUpToDate(request(changes), openStore(store.root), env);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-settled-'));
  store = openStore(at('runs/.store'));
  writeFileSync(at('words.txt'), 'words');
  mkdirSync(at('images'));
  writeFileSync(at('images/a.png'), 'a');
  await commit(store, key, { 'out.txt': 'x', 'curves/loss.csv': '1' });
  await commit(store, keyOf('other'), { 'out.txt': 'y' });
  for (const each of [key, keyOf('other')]) store.find(each);
  const seal = store.seal([key, keyOf('other')]);
  if (!seal) throw new Error('no seal');
  const digest = sourceDigester(store.root);
  const files = new Map([
    [at('words.txt'), sha256('words')],
    [at('images'), await digest(at('images'))],
  ]);
  const settled: UpToDate = {
    environment,
    files,
    seal,
    cells: 2,
    stopped: 0,
    placed: [{ what: 'table t', file: 'README.md' }],
    held: [],
  };
  saveUpToDate(request(), settled, store);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a run that left nothing to do', () => {
  it('is recalled while nothing has changed, with its cells and tables', async () => {
    expect(await recall()).toEqual({
      cells: 2,
      stopped: 0,
      placed: [{ what: 'table t', file: 'README.md' }],
      held: [],
    });
  });

  it.each<[string, Partial<Request>]>([
    ['another text', { text: 'name: p # ' }],
    ['other overrides', { overrides: ['lr=2'] }],
    ['fewer overrides', { overrides: [] }],
    ['another working folder', { workingFolder: '/elsewhere' }],
    ['another build of kdpipe', { program: 'two' }],
    ['another file', { file: '/elsewhere/p.yaml' }],
  ])('is not recalled for %s', async (_, changes) => {
    expect(await recall(changes)).toBeUndefined();
  });

  it.each<[string, Record<string, string | undefined>]>([
    ['has another value', { HOME_OF_DATA: '/other' }],
    ['is not set any more', {}],
    ['is set now', { HOME_OF_DATA: '/data', UNSET: '' }],
  ])('is not recalled when a variable %s', async (_, env) => {
    expect(await recall({}, env)).toBeUndefined();
  });

  it('is recalled whatever happens to variables that the plan did not ask for', async () => {
    expect(await recall({}, { ...environment, OTHER: '1' })).toBeDefined();
  });

  it.each<[string, () => void]>([
    ['a file has other words', () => writeFileSync(at('words.txt'), 'Words')],
    ['a file is gone', () => rmSync(at('words.txt'))],
    ['a folder has one more file', () => writeFileSync(at('images/b.png'), 'b')],
    ['a file in a folder has another content', () => writeFileSync(at('images/a.png'), 'b')],
    ['a folder has one file less', () => rmSync(at('images/a.png'))],
    ['a result is gone', () => rmSync(join(store.root, key.slice(0, 2), key), { recursive: true })],
    ['an output is gone', () => rmSync(join(store.root, key.slice(0, 2), key, 'curves/loss.csv'))],
    ['a manifest is empty', () => writeFileSync(join(store.root, key.slice(0, 2), key, 'manifest.json'), '')],
    ['the whole store is gone', () => rmSync(store.root, { recursive: true })],
  ])('is not recalled when %s', async (_, change) => {
    change();
    expect(await recall()).toBeUndefined();
  });

  it.each([
    ['empty', ''],
    ['torn', '{"request":"'],
    ['of another form', '[]'],
    ['null', 'null'],
  ])('is not recalled from a note that is %s', async (_, content) => {
    const notes = join(store.root, '.settled');
    const [note = ''] = readdirSync(notes);
    writeFileSync(join(notes, note), content);
    expect(await recall()).toBeUndefined();
  });

  it('leaves one note a file and overrides, whatever the text', () => {
    const seal = store.seal([key]);
    if (!seal) throw new Error('no seal');
    const settled = {
      environment: {},
      files: new Map<string, string>(),
      seal,
      cells: 1,
      stopped: 0,
      placed: [],
      held: [],
    };
    saveUpToDate(request({ text: 'name: q' }), settled, store);
    expect(readdirSync(join(store.root, '.settled'))).toHaveLength(1);
    saveUpToDate(request({ overrides: ['lr=2'] }), settled, store);
    expect(readdirSync(join(store.root, '.settled'))).toHaveLength(2);
  });

  it('keeps no value of the environment on the disk', () => {
    const notes = join(store.root, '.settled');
    for (const note of readdirSync(notes)) expect(readFileSync(join(notes, note), 'utf8')).not.toContain('/data');
  });
});

describe('a note of another shape', () => {
  const members = ['request', 'environment', 'files', 'seal', 'cells', 'notes', 'placed', 'held'];
  const values = [null, 7, {}, [7], [[7]], 'x'];
  it.each(members)('in its member %s is none, whatever stands there', async (member) => {
    const [name = ''] = readdirSync(at('runs/.store/.settled'));
    const file = at(`runs/.store/.settled/${name}`);
    const note = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    for (const value of values) {
      if (member === 'cells' && value === 7) continue;
      writeFileSync(file, JSON.stringify({ ...note, [member]: value }));
      expect([value, await recall()]).toEqual([value, undefined]);
    }
  });

  it('as a whole is none', async () => {
    const [name = ''] = readdirSync(at('runs/.store/.settled'));
    for (const text of ['null', '7', '[]', '{}', '']) {
      writeFileSync(at(`runs/.store/.settled/${name}`), text);
      expect([text, await recall()]).toEqual([text, undefined]);
    }
  });
});
