import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fail } from '../../src/core/failure.ts';
import type { Growth } from '../../src/core/growth.ts';
import type { TaskMessage, WorkerTask } from '../../src/core/task.ts';
import { StageInterrupted, type StageContext, type StageKind, type StageOutcome } from '../../src/stages/stage-kind.ts';
import { stageKey } from '../../src/fingerprint/stage.ts';
import { listCheckpoints } from '../../src/store/checkpoints.ts';
import { digestPath } from '../../src/store/files/digest-path.ts';
import { sourceRecorder } from '../../src/store/files/sources.ts';
import { openStore } from '../../src/store/local.ts';
import { CohortBarriers } from '../../src/worker/cohort-barrier.ts';
import { executeTask } from '../../src/worker/execute.ts';
import { draftManifest } from '../store/made.ts';
import { Workbench } from '../support/tasks.ts';

let bench: Workbench;
let stop: AbortController;
let told: TaskMessage[];
beforeEach(() => {
  bench = new Workbench();
  stop = new AbortController();
  told = [];
});
afterEach(() => bench.remove());

const fake = (run: (context: StageContext) => StageOutcome | Promise<StageOutcome>): StageKind => ({
  ...{ name: 'fake', resultVersion: 1, summary: '', params: {}, required: [], unkeyed: [] },
  outputs: () => ({ weights: 'best.bin' }),
  load: () => Promise.resolve({ run: async (context) => run(context) }),
});
const write = ({ out }: StageContext, text = 'weights') => writeFileSync(join(out, 'best.bin'), text);
const execute = (task: WorkerTask, run: Parameters<typeof fake>[0]) =>
  executeTask(task, {
    ...{ store: bench.store, kinds: { fake: fake(run) }, barriers: new CohortBarriers(), signal: stop.signal },
    tell: (message) => told.push(message),
  });

describe('a stage that goes well', () => {
  it('leaves a result with a manifest that says all about it', async () => {
    const input = { name: 'data', cell: 'birds', key: 'k', output: 'data', digest: 'd', path: '/elsewhere' };
    const task = bench.task('a[x=1]', {
      params: { data: { $input: 'data' }, lr: 0.1 },
      inputs: [input],
      commit: 'abc+',
    });
    const before = Date.now();
    const result = await execute(task, (context) => {
      write(context);
      writeFileSync(context.log, 'one\ntwo\n');
      return { metrics: { val: { accuracy: 0.5 } }, environment: { engine: 'plain' } };
    });
    const entry = bench.store.find(task.key);
    const { path: _, ...recorded } = input;
    expect(entry?.manifest()).toMatchObject({
      ...{ format: 1, key: task.key, cell: 'a[x=1]', kind: 'fake', resultVersion: 1, params: task.params },
      ...{ inputs: [recorded], metrics: { val: { accuracy: 0.5 } }, environment: { engine: 'plain' }, commit: 'abc+' },
      ...{ run: 'run-1', attempt: 1, tail: ['one', 'two'], versions: { node: process.versions.node } },
      outputs: { weights: { path: 'best.bin', digest: expect.stringMatching(/^[0-9a-f]{64}$/) } },
    });
    const { started, seconds } = entry!.manifest();
    expect(started).toBeGreaterThanOrEqual(before);
    expect(started + seconds * 1000).toBeLessThanOrEqual(Date.now());
    expect(result).toEqual({
      ...{ status: 'finished', key: task.key, metrics: { val: { accuracy: 0.5 } }, reused: false, seconds },
      outputs: { weights: entry!.outputs['weights']?.digest },
    });
  });

  it('gets what the task says', async () => {
    const task = bench.task('a', { params: { lr: 1 }, threads: 3, gpus: ['1'] });
    await execute(task, (context) => {
      const { cell, params, inputs, sources, run, threads, gpus, log } = context;
      expect({ cell, params, inputs, sources, run, threads, gpus }).toMatchObject({
        ...{ cell, params, inputs, sources, run, threads, gpus },
      });
      expect({ cell, params, threads, gpus }).toEqual({ cell: 'a', params: { lr: 1 }, threads: 3, gpus: ['1'] });
      expect(log).toBe(join(task.folder, 'log.txt'));
      write(context);
      return { metrics: {} };
    });
    expect(bench.store.find(task.key)).toBeDefined();
  });

  it('tells progress and warnings, and keeps rows of metrics in the run', async () => {
    const task = bench.task('a', {});
    await execute(task, (context) => {
      context.tell({ type: 'progress', done: 1, total: 2, unit: 'epochs' });
      context.tell({ type: 'metric', row: { epoch: 1, loss: 0.5 } });
      context.tell({ type: 'metric', row: { epoch: 2, loss: null } });
      context.tell({ type: 'warning', message: 'careful' });
      write(context);
      return { metrics: {} };
    });
    expect(told).toEqual([
      { type: 'progress', done: 1, total: 2, unit: 'epochs' },
      { type: 'metric', row: { epoch: 1, loss: 0.5 } },
      { type: 'metric', row: { epoch: 2, loss: null } },
      { type: 'warning', message: 'careful' },
      { type: 'committing' },
    ]);
    expect(readFileSync(join(task.folder, 'metrics.ndjson'), 'utf8')).toBe(
      '{"epoch":1,"loss":0.5}\n{"epoch":2,"loss":null}\n',
    );
  });

  it('is not run when another run has made its result meanwhile', async () => {
    const task = bench.task('a', {});
    const made = await execute(task, (context) => (write(context), { metrics: { m: 1 } }));
    const again = await execute(task, () => expect.fail('it ran again'));
    expect(again).toEqual({ ...made, reused: true });
    expect(await execute({ ...task, force: true }, (context) => (write(context), { metrics: { m: 2 } }))).toMatchObject(
      {
        ...{ reused: false, metrics: { m: 2 } },
      },
    );
  });
});

describe('checkpoints', () => {
  it('survive an interruption and a failure, and go when the result is there', async () => {
    const task = bench.task('a', {});
    const seen: string[][] = [];
    const step = (then: (context: StageContext) => StageOutcome) =>
      execute(task, (context) => {
        seen.push(readdirSync(context.scratch).sort());
        writeFileSync(join(context.scratch, `step${seen.length}`), '');
        return then(context);
      });
    expect(
      await step(() => {
        throw new StageInterrupted();
      }),
    ).toEqual({ status: 'interrupted' });
    expect(await step(() => fail({ code: 'x', message: 'y' }))).toMatchObject({ status: 'failed' });
    expect(await step((context) => (write(context), { metrics: {} }))).toMatchObject({ status: 'finished' });
    expect(
      await execute({ ...task, force: true }, (context) => {
        seen.push(readdirSync(context.scratch));
        write(context);
        return { metrics: {} };
      }),
    ).toMatchObject({ status: 'finished' });
    expect(seen).toEqual([[], ['step1'], ['step1', 'step2'], []]);
  });
});

describe('a kind whose results grow', () => {
  /** Goes on from where a shorter one ended, or from 0. */
  const run = (context: StageContext): StageOutcome => {
    const from = context.beginning ? Number(readFileSync(context.beginning.path, 'utf8')) : 0;
    writeFileSync(join(context.scratch, 'end'), `${Number(context.params['to'])}`);
    write(context, `counted to ${Number(context.params['to'])}`);
    return { metrics: { from } };
  };
  const growth: Growth = {
    ...{ params: ['to'], unit: 'steps', checkpoint: 'end', length: ({ to }) => Number(to) },
    beginning: (params, to) => ({ params: { ...params, to } }),
  };
  const count = (to: number, overrides: Partial<WorkerTask> = {}) => {
    const base = { kind: 'fake', resultVersion: 1, params: { to }, inputs: [], sources: [] };
    const task = bench.task(`count[to=${to}]`, { ...base, key: stageKey(base), ...overrides });
    const deps = { store: bench.store, kinds: { fake: { ...fake(run), growth } }, barriers: new CohortBarriers() };
    return executeTask(task, { ...deps, signal: stop.signal, tell: (message) => told.push(message) });
  };
  const kept = () => listCheckpoints(bench.store.root).map(({ path }) => join(path, 'end'));

  it('goes on from the longest one that is no longer, and has its end kept beside its result', async () => {
    expect(await count(4)).toMatchObject({ metrics: { from: 0 } });
    expect(await count(9)).toMatchObject({ metrics: { from: 4 } });
    expect(await count(6)).toMatchObject({ metrics: { from: 4 } });
    expect(await count(8)).toMatchObject({ metrics: { from: 6 } });
    expect(await count(3)).toMatchObject({ metrics: { from: 0 } });
    expect(kept()).toHaveLength(5);
    expect(readdirSync(join(bench.store.root, '.scratch'))).toEqual([]);
    const [entry] = bench.store.keys().map((key) => bench.store.find(key)!.manifest());
    expect(entry!.files.map(({ path }) => path)).toEqual(['best.bin']);
  });

  it('starts anew where it is forced', async () => {
    await count(4);
    expect(await count(6, { force: true })).toMatchObject({ metrics: { from: 0 } });
  });

  it('says that an end is damaged, and takes the one before, or none', async () => {
    await count(2);
    await count(4);
    for (const file of kept()) if (readFileSync(file, 'utf8') === '4') writeFileSync(file, '5');
    expect(await count(6)).toMatchObject({ metrics: { from: 2 } });
    const damaged = expect.stringMatching(/end \(4 steps of count\[to=4\]\) is damaged and is not used$/) as string;
    expect(told).toContainEqual({ type: 'warning', message: damaged });
    for (const file of kept()) rmSync(file);
    expect(await count(7)).toMatchObject({ metrics: { from: 0 } });
  });

  it('has a result also where its end cannot be kept', async () => {
    writeFileSync(bench.path('.checkpoints'), '');
    mkdirSync(bench.store.root, { recursive: true });
    renameSync(bench.path('.checkpoints'), join(bench.store.root, '.checkpoints'));
    expect(await count(4)).toMatchObject({ status: 'finished' });
    expect(told).toContainEqual({
      type: 'warning',
      message: expect.stringMatching(/^its end could not be kept/) as string,
    });
    expect(await count(6)).toMatchObject({ status: 'finished', metrics: { from: 0 } });
  });
});

describe('a kind without checkpoints', () => {
  it('gets no folder for them', async () => {
    const kind: StageKind = {
      ...fake((context) => {
        expect(context.scratch).toBe('');
        write(context);
        return { metrics: {} };
      }),
      checkpoints: false,
    };
    const barriers = new CohortBarriers();
    const deps = {
      ...{ store: bench.store, kinds: { fake: kind }, barriers, signal: stop.signal },
      tell: () => undefined,
    };
    expect(await executeTask(bench.task('a', {}), deps)).toMatchObject({ status: 'finished' });
    expect(existsSync(join(bench.store.root, '.scratch'))).toBe(false);
  });
});

describe('a stage that goes wrong', () => {
  const failed = async (run: Parameters<typeof fake>[0], overrides: Partial<WorkerTask> = {}) => {
    const task = bench.task('a', overrides);
    const result = await execute(task, run);
    expect(bench.store.find(task.key)).toBeUndefined();
    return result;
  };

  it('is a failure with its place, fix and last lines', async () => {
    const failure = { code: 'no-images', message: 'no images', place: { file: 'x' }, fix: 'put some there' };
    const result = await failed((context) => {
      writeFileSync(context.log, 'last words\n');
      return fail(failure);
    });
    expect(result).toEqual({ status: 'failed', failure, tail: ['last words'] });
  });

  it('is a failure when an output that it promised is missing', async () => {
    expect(await failed(() => ({ metrics: {} }))).toMatchObject({
      status: 'failed',
      failure: { message: expect.stringContaining('best.bin') },
    });
  });

  it('is a failure that says so when it has a bug; the log keeps the stack', async () => {
    const result = await failed(() => {
      throw new TypeError('x is not a function');
    });
    expect(result).toMatchObject({
      status: 'failed',
      failure: { code: 'internal-error', message: 'x is not a function' },
    });
    expect(result).toMatchObject({ tail: expect.arrayContaining(['TypeError: x is not a function']) });
  });

  it.each([
    ['ENOSPC', 'disk-full'],
    ['EACCES', 'no-permission'],
    ['EROFS', 'read-only'],
    ['EIO', 'system-error'],
  ])('on %s is the failure %s', async (code, expected) => {
    const result = await failed(() => {
      throw Object.assign(new Error(`${code}: write`), { code });
    });
    expect(result).toMatchObject({ failure: { code: expected, message: `${code}: write` } });
  });

  it('leaves no draft and no lock behind', async () => {
    await failed(() => fail({ code: 'x', message: 'y' }));
    const task = bench.task('a', {});
    expect(await execute(task, (context) => (write(context), { metrics: {} }))).toMatchObject({ status: 'finished' });
    expect(bench.store.keys()).toEqual([task.key]);
  });
});

describe('a stage that is stopped', () => {
  it('is interrupted, whatever it throws or returns then', async () => {
    for (const end of [() => fail({ code: 'x', message: 'killed' }), () => ({ metrics: {} })]) {
      stop = new AbortController();
      const result = await execute(bench.task('a', {}), (context) => {
        write(context);
        stop.abort();
        return end();
      });
      expect(result).toEqual({ status: 'interrupted' });
    }
    expect(bench.store.keys()).toEqual([]);
  });

  it('keeps nothing of a run that was cancelled meanwhile, however well it ended', async () => {
    const callOff = join(bench.store.root, 'cancelled');
    const result = await execute(bench.task('a', { callOff }), (context) => {
      write(context);
      writeFileSync(callOff, '');
      return { metrics: {} };
    });
    expect(result).toEqual({ status: 'interrupted' });
    expect(bench.store.keys()).toEqual([]);
  });

  it('has not failed where its run was cancelled, and something of it ended of that', async () => {
    const callOff = join(bench.store.root, 'cancelled');
    const result = await execute(bench.task('a', { callOff }), () => {
      writeFileSync(callOff, '');
      throw new Error('killed by SIGTERM');
    });
    expect(result).toEqual({ status: 'interrupted' });
  });
});

describe('a source that changes while its stage runs', () => {
  it('taints the result: kept for a look, never reused', async () => {
    const path = bench.write('words.txt', 'before');
    const same = bench.write('same.txt', 'same');
    const sources = [
      { name: 'inputs.words', path, digest: await digestPath(path) },
      { name: 'inputs.same', path: same, digest: await digestPath(same) },
    ];
    const task = bench.task('a', { sources });
    const result = await execute(task, (context) => {
      write(context);
      writeFileSync(path, 'after');
      return { metrics: {} };
    });
    expect(result).toEqual({ status: 'tainted', key: task.key, changed: ['inputs.words'] });
    expect(bench.store.find(task.key)).toBeUndefined();
    expect(existsSync(join(bench.store.root, '.tainted'))).toBe(true);
  });

  it('names the files of a folder, and what bytecode is left beside them taints nothing', async () => {
    const path = bench.path('code');
    mkdirSync(join(path, '__pycache__'), { recursive: true });
    bench.write('code/train.py', 'before');
    const sources = [{ name: 'inputs.code', path, digest: await sourceRecorder(bench.store.root)(path) }];
    const run = (file: string) => (context: StageContext) => {
      write(context);
      bench.write(`code/${file}`, 'new');
      return { metrics: {} };
    };
    expect(await execute(bench.task('a', { sources }), run('__pycache__/train.cpython-312.pyc'))).toMatchObject({
      status: 'finished',
    });
    expect(await execute(bench.task('b', { sources }), run('train.py'))).toMatchObject({
      status: 'tainted',
      changed: ['inputs.code (edited train.py)'],
    });
  });

  it('taints it also when the source cannot be read any more, and says why', async () => {
    const task = bench.task('a', { sources: [{ name: 'x', path: bench.path('dangling'), digest: 'd' }] });
    symlinkSync('dangling', bench.path('dangling'));
    expect(await execute(task, (context) => (write(context), { metrics: {} }))).toMatchObject({
      status: 'tainted',
      changed: [expect.stringMatching(/^x \(cannot be read any more: .*ELOOP/)],
    });
  });

  it.each<[string, (path: string) => void]>([
    ['its bytes', (path) => writeFileSync(path, 'before')],
    ['another file with its bytes and times', (path) => renameSync(`${path}.kept`, path)],
  ])('taints it also when it is put back before its end: %s', async (_, back) => {
    mkdirSync(bench.path('code'));
    const path = bench.write('code/words.txt', 'before');
    utimesSync(path, 1e9, 1e9);
    const sources = [{ name: 'inputs.code', path: dirname(path), digest: await digestPath(dirname(path)) }];
    const result = await execute(bench.task('a', { sources }), (context) => {
      renameSync(path, `${path}.kept`);
      writeFileSync(path, 'after!');
      write(context);
      back(path);
      rmSync(`${path}.kept`, { force: true });
      return { metrics: {} };
    });
    expect(result).toMatchObject({ status: 'tainted', changed: ['inputs.code (changed and put back)'] });
  });

  it('is no change where a backup has only given its file another name', async () => {
    const path = bench.write('words.txt', 'before');
    const sources = [{ name: 'inputs.words', path, digest: await digestPath(path) }];
    const result = await execute(bench.task('a', { sources }), (context) => {
      linkSync(path, bench.path('backup.txt'));
      write(context);
      return { metrics: {} };
    });
    expect(result).toMatchObject({ status: 'finished' });
  });

  it('taints it also when the source is gone', async () => {
    const task = bench.task('a', { sources: [{ name: 'x', path: bench.path('gone'), digest: 'd' }] });
    expect(await execute(task, (context) => (write(context), { metrics: {} }))).toMatchObject({
      status: 'tainted',
      changed: ['x'],
    });
  });
});

describe('a stage whose lock is taken over while it runs', () => {
  /** What another process does that has seen no sign of life. */
  async function takeOver(key: string, text: string | undefined): Promise<void> {
    const { root } = bench.store;
    rmSync(join(root, '.locks', key));
    const other = openStore(root);
    const lock = await other.lock(key, new AbortController().signal, () => undefined);
    const draft = await other.draft(key);
    await draft.fence();
    if (text === undefined) await draft.discard();
    else {
      writeFileSync(join(draft.path, 'best.bin'), text);
      await draft.commit(draftManifest(key, { outputs: { weights: 'best.bin' } }));
    }
    await lock.release();
  }

  it.each([undefined, true])('takes the newer result, and does not commit over it (force: %s)', async (force) => {
    const task = { ...bench.task('a', {}), force: force ?? false };
    let runs = 0;
    const result = await execute(task, async (context) => {
      if (runs++ === 0) {
        await takeOver(task.key, 'newer');
        if (force) write(context, 'older');
        return { metrics: {} };
      }
      write(context, 'again');
      return { metrics: {} };
    });
    expect(result).toMatchObject({ status: 'finished', reused: force !== true });
    const made = readFileSync(join(bench.store.find(task.key)?.path ?? '', 'best.bin'), 'utf8');
    // Who forces a stage wants a result of its own, made under a lock that it holds.
    expect([made, runs]).toEqual(force ? ['again', 2] : ['newer', 1]);
  });

  it('makes it after all where the other gave up', async () => {
    const task = bench.task('a', {});
    let runs = 0;
    const result = await execute(task, async (context) => {
      if (runs++ === 0) await takeOver(task.key, undefined);
      write(context, `${runs}`);
      return { metrics: {} };
    });
    expect(result).toMatchObject({ status: 'finished', reused: false });
    expect(readFileSync(join(bench.store.find(task.key)?.path ?? '', 'best.bin'), 'utf8')).toBe('2');
  });

  it('fails as any other where its draft is gone, and the lock is still its own', async () => {
    const task = bench.task('a', {});
    const result = await execute(task, (context) => {
      rmSync(context.out, { recursive: true });
      return { metrics: {} };
    });
    expect(result.status).toBe('failed');
  });
});
