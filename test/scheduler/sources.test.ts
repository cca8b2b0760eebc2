import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FailureError } from '../../src/core/failure.ts';
import type { Cell } from '../../src/core/plan.ts';
import { sha256 } from '../../src/fingerprint/digest.ts';
import { digestSources } from '../../src/scheduler/sources.ts';
import type { StageKind } from '../../src/stages/stage-kind.ts';
import { digestPath } from '../../src/store/files/digest-path.ts';
import { cell } from './fakes.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kdpipe-sources-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const kinds = {
  reader: {
    sources: (params) => Object.entries(params).map(([name, path]) => ({ name, path: path as string })),
  } as Pick<StageKind, 'sources'> as StageKind,
  fake: {} as StageKind,
};
const reader = (id: string, params: Record<string, string>) => cell(id, { kind: 'reader', params });
const gather = (cells: readonly Cell[]) =>
  digestSources(cells, { kinds, workingFolder: folder, store: { root: join(folder, '.store') } });

describe('digestSources', () => {
  it('gives each cell its sources, relative ones from the working folder', async () => {
    writeFileSync(join(folder, 'words.txt'), 'words');
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data', 'x'), 'x');
    const cells = [
      reader('a', { words: 'words.txt', data: join(folder, 'data') }),
      reader('b', { text: './words.txt' }),
      cell('c'),
    ];
    const { of, digests } = await gather(cells);
    const words = { path: join(folder, 'words.txt'), digest: sha256('words') };
    const data = { path: join(folder, 'data'), digest: await digestPath(join(folder, 'data')) };
    expect(cells.map(of)).toEqual([
      [
        { name: 'words', ...words },
        { name: 'data', ...data },
      ],
      [{ name: 'text', ...words }],
      [],
    ]);
    expect([...digests].sort()).toEqual([words, data].map(({ path, digest }) => [path, digest]).sort());
  });

  it('names everything that cannot be read, once, and by whom', async () => {
    symlinkSync('nowhere', join(folder, 'broken'));
    writeFileSync(join(folder, 'loop'), '');
    const cells = [reader('a', { x: 'gone', y: 'loop/below' }), reader('b', { x: 'gone' })];
    const error: unknown = await gather(cells).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FailureError);
    const gone = `a reads ${join(folder, 'gone')}: there is no file or folder`;
    expect((error as FailureError).failures).toMatchObject([
      { code: 'missing-source', message: expect.stringContaining(gone) },
      { message: expect.stringContaining(`a reads ${join(folder, 'loop/below')}`) },
    ]);
  });

  it.skipIf(process.getuid?.() === 0)('says what the system says of a file that may not be read', async () => {
    writeFileSync(join(folder, 'secret'), '');
    chmodSync(join(folder, 'secret'), 0);
    await expect(gather([reader('a', { x: 'secret' })])).rejects.toMatchObject({
      failures: [{ code: 'unreadable-source', message: expect.stringContaining('EACCES') }],
    });
  });

  describe('of a folder of which one thing is read', () => {
    const choice = { oneOf: ['a.tgz', 'a'], marker: 'list.txt', absent: { expected: 'a.tgz', fix: 'download it' } };
    const choosing = { sources: ({ root }) => [{ name: 'root', path: root as string, choice }] } as Pick<
      StageKind,
      'sources'
    > as StageKind;
    const chosen = async (root: string) => {
      const deps = {
        kinds: { reader: choosing },
        workingFolder: folder,
        store: { root: join(folder, '.store') },
      };
      const { digests } = await digestSources([reader('a', { root })], deps);
      return [...digests.keys()].map((path) => path.slice(folder.length + 1));
    };

    it('takes the first that is there, or the folder itself where it is known by what is in it', async () => {
      mkdirSync(join(folder, 'data/a'), { recursive: true });
      writeFileSync(join(folder, 'data/a/list.txt'), '');
      expect(await chosen('data')).toEqual(['data/a']);
      expect(await chosen('data/a')).toEqual(['data/a']);
      writeFileSync(join(folder, 'data/a.tgz'), '');
      expect(await chosen('data')).toEqual(['data/a.tgz']);
      expect(await chosen('data/a.tgz')).toEqual(['data/a.tgz']);
    });

    it('reads nothing else where none is there, and says what to do', async () => {
      mkdirSync(join(folder, 'data'));
      symlinkSync('nowhere', join(folder, 'data/would-fail'));
      for (const root of ['data', 'gone']) {
        const error: unknown = await chosen(root).catch((thrown: unknown) => thrown);
        const failure = { code: 'missing-source', expected: 'a.tgz', fix: 'download it' };
        expect((error as FailureError).failures).toMatchObject([failure]);
      }
    });
  });
});
