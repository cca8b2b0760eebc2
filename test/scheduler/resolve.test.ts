import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FailureError } from '../../src/core/failure.ts';
import type { Growth } from '../../src/core/growth.ts';
import {
  CellReference,
  ReferenceText,
  type Cell,
  type CellId,
  type Key,
  type ValueObject,
} from '../../src/core/plan.ts';
import type { TaskSource } from '../../src/core/task.ts';
import type { LastResult } from '../../src/record/last-results.ts';
import { Resolver } from '../../src/scheduler/resolve.ts';
import type { StageKind } from '../../src/stages/stage-kind.ts';
import { keepCheckpoint } from '../../src/store/checkpoints.ts';
import type { Entry, Store } from '../../src/store/store.ts';
import { cell } from './fakes.ts';

const kindOf = (name: string, overrides: Partial<StageKind> = {}): StageKind => ({
  ...{ name, resultVersion: 1, summary: '', required: [], unkeyed: ['quiet'], params: {} },
  outputs: () => ({ weights: 'best.bin', log: 'log.csv' }),
  load: () => expect.fail('planning loads no stage'),
  ...overrides,
});
const growth: Growth = {
  ...{ params: ['to'], unit: 'steps', checkpoint: 'end', length: ({ to }) => Number(to) },
  beginning: (params, to) => (params['curved'] === true ? { reason: 'it is curved' } : { params: { ...params, to } }),
};
const kinds = {
  counting: kindOf('counting', { growth }),
  fake: kindOf('fake'),
  revised: kindOf('revised', { revision: ({ method }) => (method === 'new' ? 2 : 0) }),
  evaluate: kindOf('evaluate', { params: { of: { 'x-input': { kinds: ['fake'], output: 'log', many: true } } } }),
};

/** Results in memory, as far as resolving asks for them. */
class Results {
  readonly entries = new Map<Key, Entry>();
  readonly store: Store;
  readonly last = new Map<CellId, LastResult>();
  sources: readonly TaskSource[] = [];

  constructor(root = '/nowhere') {
    this.store = { root, find: (key) => this.entries.get(key) } as Pick<Store, 'find' | 'root'> as Store;
  }

  resolver(cells: readonly Cell[], force: readonly CellId[] = []): Resolver {
    const sources = () => this.sources;
    return new Resolver(cells, { kinds, store: this.store, sources, last: () => this.last, force: new Set(force) });
  }

  /** Makes the result of a cell, as a run would; `content` is what its outputs hold. */
  make(resolver: Resolver, planned: Cell, content: string): Key {
    const { key, ...ingredients } = resolver.describe(planned);
    const outputs = {
      weights: { path: 'best.bin', digest: `weights of ${content}` },
      log: { path: 'log.csv', digest: `log of ${content}` },
    };
    const manifest = { ...ingredients, key, cell: planned.id };
    this.entries.set(key, { key, path: `/store/${key}`, outputs, manifest: () => manifest as never });
    this.last.set(planned.id, { key });
    resolver.settle(planned.id, key);
    return key;
  }
}

const teacher = (params: ValueObject = { lr: 0.1 }) => cell('teacher', { params });
const student = (params: ValueObject = {}) =>
  cell('student', { params: { teacher: new CellReference('teacher'), ...params }, needs: ['teacher'] });
const score = cell('score', { kind: 'evaluate', params: { of: [new CellReference('student')] }, needs: ['student'] });

/** Results of teacher, student and score, made once. */
function madeOnce(): Results {
  const results = new Results();
  const cells = [teacher(), student(), score];
  const resolver = results.resolver(cells);
  for (const planned of cells) results.make(resolver, planned, planned.id);
  return results;
}
const statuses = (resolver: Resolver, cells: readonly Cell[]) => cells.map((planned) => resolver.resolve(planned));
const reasonsOf = (resolver: Resolver, cells: readonly Cell[]) =>
  statuses(resolver, cells).map((resolution) => (resolution.status === 'reuse' ? 'reuse' : resolution.reasons));

describe('a resolver', () => {
  it('runs what has no result, and cannot know more of what needs it', () => {
    const results = new Results();
    const cells = [teacher(), student(), score];
    expect(statuses(results.resolver(cells), cells)).toEqual([
      { status: 'run', key: expect.stringMatching(/^[0-9a-f]{64}$/), reasons: ['first run'] },
      { status: 'unknown', because: ['teacher'], reasons: ['first run'] },
      { status: 'unknown', because: ['student'], reasons: ['first run'] },
    ]);
  });

  it('reuses what has a result', () => {
    const results = madeOnce();
    const cells = [teacher(), student(), score];
    expect(statuses(results.resolver(cells), cells).map(({ status }) => status)).toEqual(['reuse', 'reuse', 'reuse']);
  });

  it('does not care for parameters that change no result, nor for the order of parameters', () => {
    const results = new Results();
    const one = cell('a', { params: { lr: 0.1, ema: true, quiet: true } });
    const key = results.make(results.resolver([one]), one, 'x');
    const other = cell('a', { params: { quiet: false, ema: true, lr: 1e-1 } });
    expect(results.resolver([other]).resolve(other)).toMatchObject({ status: 'reuse', key });
  });

  it('names the leaf that changed, for the cell itself and all down its cone', () => {
    const results = madeOnce();
    const cells = [teacher({ lr: 0.2 }), student(), score];
    expect(reasonsOf(results.resolver(cells), cells)).toEqual([
      ['params.lr 0.1 → 0.2'],
      ['inputs.teacher ← teacher reruns because params.lr 0.1 → 0.2'],
      ['inputs.of.0 ← student reruns because teacher: params.lr 0.1 → 0.2'],
    ]);
  });

  it('says of a cell whose input turned out different which leaf made it so', () => {
    const results = madeOnce();
    const cells = [teacher({ lr: 0.2 }), student(), score];
    const resolver = results.resolver(cells);
    resolver.resolve(cells[0]!);
    results.make(resolver, cells[0]!, 'another teacher');
    expect(resolver.resolve(cells[1]!)).toMatchObject({
      reasons: ['inputs.teacher ← teacher reran because params.lr 0.1 → 0.2'],
    });
    results.make(resolver, cells[1]!, 'another student');
    expect(resolver.resolve(cells[2]!)).toMatchObject({
      reasons: ['inputs.of.0 ← student reran because teacher: params.lr 0.1 → 0.2'],
    });
  });

  it('stops the wave where a rerun made equal contents', () => {
    const results = madeOnce();
    const cells = [teacher({ lr: 0.2 }), student(), score];
    const resolver = results.resolver(cells);
    expect(resolver.resolve(cells[0]!).status).toBe('run');
    results.make(resolver, cells[0]!, 'teacher');
    expect([resolver.resolve(cells[1]!).status, resolver.resolve(cells[2]!).status]).toEqual(['reuse', 'reuse']);
  });

  it('runs what is forced although its result is there', () => {
    const results = madeOnce();
    const cells = [teacher(), student(), score];
    expect(reasonsOf(results.resolver(cells, ['student']), cells)).toEqual([
      'reuse',
      ['forced'],
      ['inputs.of.0 ← student reruns because forced'],
    ]);
  });

  it('says when a result was removed', () => {
    const results = madeOnce();
    results.entries.delete(results.last.get('teacher')!.key);
    const cells = [teacher()];
    expect(reasonsOf(results.resolver(cells), cells)).toEqual([['its last result is not in the store any more']]);
  });

  it('takes contents of sources into the key and names them', () => {
    const results = new Results();
    results.sources = [{ name: 'root', path: '/d', digest: 'd1' }];
    const cells = [cell('birds')];
    results.make(results.resolver(cells), cells[0]!, 'x');
    results.sources = [{ name: 'root', path: '/elsewhere', digest: 'd1' }];
    expect(reasonsOf(results.resolver(cells), cells)).toEqual(['reuse']);
    results.sources = [{ name: 'root', path: '/d', digest: 'd2' }];
    expect(reasonsOf(results.resolver(cells), cells)).toEqual([['sources.root changed']]);
  });

  it('takes how often the numbers of what parameters name have changed into the version', () => {
    const resolver = new Results().resolver([]);
    const version = (method: string) =>
      resolver.describe(cell('s', { kind: 'revised', params: { method } })).resultVersion;
    expect([version('old'), version('new')]).toEqual([1, 3]);
  });

  it('says where a longer result goes on from, and why another one cannot', async () => {
    const root = mkdtempSync(join(tmpdir(), 'kdpipe-resolve-'));
    onTestFinished(() => rmSync(root, { recursive: true }));
    const results = new Results(root);
    const counted = (params: ValueObject) => cell('count', { kind: 'counting', params });
    const reasons = (params: ValueObject, force: readonly CellId[] = []) =>
      reasonsOf(results.resolver([counted(params)], force), [counted(params)])[0];
    const resolver = results.resolver([]);
    const { key, ...ingredients } = resolver.describe(counted({ to: 4 }));
    results.make(resolver, counted({ to: 4 }), 'four');
    const anew = 'starts from the beginning: its checkpoint is not kept any more';
    expect(reasons({ to: 6 })).toEqual(['params.to 4 → 6', anew]);
    const scratch = join(root, 'scratch');
    mkdirSync(scratch);
    writeFileSync(join(scratch, 'end'), '');
    await keepCheckpoint(root, { growth, ingredients }, { key, cell: 'count[to=4]', scratch });
    expect(reasons({ to: 6 })).toEqual([
      'params.to 4 → 6',
      `continues after 4 steps of count[to=4] (${key.slice(0, 12)})`,
    ]);
    expect(reasons({ to: 6 }, ['count'])).toEqual(['forced']);
    expect(reasons({ to: 3 })).toEqual(['params.to 4 → 3']);
    expect(reasons({ to: 6, by: 2 })).toEqual(['params.by added 2', 'params.to 4 → 6']);
    results.make(resolver, counted({ to: 4, curved: true }), 'curved');
    expect(reasons({ to: 6, curved: true })).toEqual(['params.to 4 → 6', 'starts from the beginning: it is curved']);
  });

  it('keeps reasons short down a chain of a thousand cells', () => {
    const results = new Results();
    const chain = (lr: number) =>
      Array.from({ length: 1000 }, (_, at) =>
        at
          ? cell(`c${at}`, { params: { from: new CellReference(`c${at - 1}`) }, needs: [`c${at - 1}`] })
          : cell('c0', { params: { lr } }),
      );
    const first = results.resolver(chain(1));
    for (const planned of chain(1)) results.make(first, planned, planned.id);
    expect(reasonsOf(results.resolver(chain(2)), chain(2)).at(-1)).toEqual([
      'inputs.from ← c998 reruns because c0: params.lr 1 → 2',
    ]);
  });
});

describe('what a task is made of', () => {
  const describeStudent = (params: ValueObject, kind = 'fake') => {
    const results = new Results();
    const cells = [teacher(), cell('student', { kind, params, needs: ['teacher'] })];
    const resolver = results.resolver(cells);
    const key = results.make(resolver, cells[0]!, 'T');
    return { key, resolved: resolver.describe(cells[1]!) };
  };

  it('has a path and a content for every reference', () => {
    const reference = new CellReference('teacher', 'log');
    const { key, resolved } = describeStudent({ a: reference, b: ['x', new ReferenceText(['--log=', reference])] });
    expect(resolved.params).toEqual({ a: { $input: 'a' }, b: ['x', { $text: ['--log=', { $input: 'b.1.1' }] }] });
    const input = { cell: 'teacher', key, output: 'log', digest: 'log of T', path: `/store/${key}/log.csv` };
    expect(resolved.inputs).toEqual([
      { name: 'a', ...input },
      { name: 'b.1.1', ...input },
    ]);
  });

  it('reads of a cell that is named alone what the parameter asks for, or else its first output', () => {
    const alone = new CellReference('teacher');
    expect(describeStudent({ of: [alone] }, 'evaluate').resolved.inputs).toMatchObject([
      { name: 'of.0', output: 'log' },
    ]);
    expect(describeStudent({ teacher: alone }).resolved.inputs).toMatchObject([{ name: 'teacher', output: 'weights' }]);
  });

  it('depends on the content of an input, not on which cell made it', () => {
    const results = new Results();
    const cells = [cell('one'), cell('two'), cell('reader')];
    const resolver = results.resolver(cells);
    results.make(resolver, cells[0]!, 'same');
    results.make(resolver, cells[1]!, 'same');
    const reading = (from: CellId) =>
      resolver.describe(cell('reader', { params: { from: new CellReference(from) } })).key;
    expect(reading('one')).toBe(reading('two'));
  });

  it('is a failure where the other cell has no such output', () => {
    expect(() => describeStudent({ a: new CellReference('teacher', 'nothing') })).toThrow(FailureError);
    expect(() => describeStudent({ a: new CellReference('teacher', 'nothing') })).toThrow(
      'teacher has no output nothing',
    );
  });
});
