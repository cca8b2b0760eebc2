import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import type { CellId } from '../../src/core/plan.ts';
import { cellStatuses, initialRun, isQueued, runState } from '../../src/core/run-state.ts';
import type { StageResult, StageTask, TaskMessage } from '../../src/core/task.ts';
import type { Executor, RunningTask, StartOptions } from '../../src/executors/executor.ts';
import { executors } from '../../src/executors/registry.ts';
import { latestRun, readRun } from '../../src/record/past-runs.ts';
import { kinds } from '../../src/stages/registry.ts';
import type { Store } from '../../src/store/store.ts';
import { CohortBarriers } from '../../src/worker/cohort-barrier.ts';
import { executeTask } from '../../src/worker/execute.ts';
import { runPlan } from '../../src/scheduler/run-plan.ts';
import { createDeferred } from '../../src/util/deferred.ts';
import { planOf, shellCell } from '../scheduler/fakes.ts';
import { Mailbox } from '../support/mailbox.ts';
import { lives, startTask, Workbench } from '../support/tasks.ts';

/** A worker may take its time to start. */
const patient = { timeout: 20_000 };

describe.each(Object.entries(executors))('the %s executor', (_name, { create }) => {
  let bench: Workbench;
  let executor: Executor;
  let mailbox: Mailbox;
  beforeEach(async () => {
    bench = new Workbench();
    executor = await create({ slots: 3, gpus: ['7', '9'], store: bench.store, kinds });
    mailbox = await Mailbox.open();
  });
  afterEach(async () => {
    await executor.close();
    await mailbox.close();
    bench.remove();
  });

  const start = (task: StageTask) => {
    const told: TaskMessage[] = [];
    const running = startTask(executor, task, (message) => told.push(message));
    return { running, result: running.result, told };
  };
  const pidIn = (name: string) => Number(readFileSync(bench.path(name), 'utf8'));

  it('states what it runs at once', () => {
    expect(executor.capacity).toEqual({ slots: 3, gpus: 2 });
  });

  it('starts a cohort as one: every member is told of by its cell, and all see the same GPUs', async () => {
    const told: string[] = [];
    const cohort = ['a', 'b'];
    const tasks = cohort.map((id) =>
      bench.command(id, `echo "$CUDA_VISIBLE_DEVICES" > ${bench.path(id)}`, {
        ...{ cohort, resources: { cpu: 1, gpu: 1, memory: 0 } },
      }),
    );
    const running = executor.start(tasks, { waiting: 0, tell: (cell, { type }) => told.push(`${cell} ${type}`) });
    for (const { result } of running) expect(await result).toMatchObject({ status: 'finished' });
    expect(told.sort()).toEqual(['a committing', 'b committing']);
    expect(cohort.map((id) => readFileSync(bench.path(id), 'utf8'))).toEqual(['7\n', '7\n']);
  });

  it('gives tasks at once a GPU each, and one that asks for none what the runner sees', async () => {
    const seen = (id: string) => `echo "\${CUDA_VISIBLE_DEVICES-unset}" > ${bench.path(id)}`;
    const gpu = { resources: { cpu: 1, gpu: 1, memory: 0 } };
    const tasks = ['a', 'b'].map((id) => start(bench.command(id, `${seen(id)}; ${mailbox.sayAndWait(id)}`, gpu)));
    await Promise.all(['a', 'b'].map((id) => mailbox.heard(id)));
    mailbox.release();
    for (const { result } of tasks) expect(await result).toMatchObject({ status: 'finished' });
    await start(bench.command('both', seen('both'), { resources: { cpu: 1, gpu: 2, memory: 0 } })).result;
    await start(bench.command('none', seen('none'))).result;
    expect(['a', 'b', 'both', 'none'].map((id) => readFileSync(bench.path(id), 'utf8').trim())).toEqual([
      ...['7', '9', '7,9', process.env['CUDA_VISIBLE_DEVICES'] ?? 'unset'],
    ]);
  });

  it('makes a result and commits it', async () => {
    const task = bench.command('a', 'echo made > "$KDPIPE_OUT/x"; echo said');
    const result = await start(task).result;
    expect(result).toMatchObject({ status: 'finished', key: task.key, reused: false, metrics: {} });
    const entry = bench.store.find(task.key);
    expect(result).toMatchObject({ outputs: { out: entry?.outputs['out']?.digest } });
    expect(readFileSync(`${entry?.path ?? ''}/x`, 'utf8')).toBe('made\n');
    expect(readFileSync(`${task.folder}/log.txt`, 'utf8')).toBe('said\n');
  });

  it('tells of a failure its code and the last lines of the log', async () => {
    const result = await start(bench.command('a', 'echo before; echo sadly >&2; exit 7')).result;
    expect(result).toEqual({
      status: 'failed',
      failure: expect.objectContaining({ code: 'command-failed', message: 'the command exited with code 7' }),
      tail: ['before', 'sadly'],
    });
    expect(bench.store.keys()).toEqual([]);
  });

  it('serves one task after the other, also after one that failed', async () => {
    for (const code of [0, 1, 0, 2, 0]) {
      const { status } = await start(bench.command(`exit ${code}`, `exit ${code}`, { force: true })).result;
      expect(status).toBe(code ? 'failed' : 'finished');
    }
  });

  it('runs several tasks at once', async () => {
    const tasks = ['a', 'b', 'c'].map((id) => start(bench.command(id, mailbox.sayAndWait(id))));
    await Promise.all(['a', 'b', 'c'].map((id) => mailbox.heard(id)));
    mailbox.release();
    for (const { result } of tasks) expect(await result).toMatchObject({ status: 'finished' });
  });

  it('stops a task that is interrupted, and keeps no half result', async () => {
    const task = bench.command('a', `echo half > "$KDPIPE_OUT/x"; ${mailbox.sayAndWait('up')}`);
    const started = start(task);
    await mailbox.heard('up');
    started.running.interrupt();
    expect(await started.result).toEqual({ status: 'interrupted' });
    expect(bench.store.find(task.key)).toBeUndefined();
    expect(await start(bench.command('a', 'true')).result).toMatchObject({ status: 'finished' });
  });

  it('kills a task with everything that it started, even what ignores SIGTERM', async () => {
    bench.write('child.sh', `trap '' TERM; echo $$ > child; ${mailbox.say('up')}; sleep 1000; sleep 1000`);
    const leader = `trap '' TERM; echo $$ > leader; sh child.sh & wait; sleep 1000`;
    const started = start(bench.command('a', leader, { params: { cwd: bench.folder } }));
    await mailbox.heard('up');
    started.running.kill();
    expect(await started.result).toEqual({ status: 'interrupted' });
    for (const name of ['leader', 'child']) await expect.poll(() => lives(pidIn(name))).toBe(false);
  });

  it('gives the second of two equal tasks the result of the first', async () => {
    const line = `echo ran >> ${bench.path('trace')}; ${mailbox.sayAndWait('up')}`;
    const first = start(bench.command('one', line, { key: 'e'.repeat(64) }));
    await mailbox.heard('up');
    const second = start(bench.command('two', line, { key: 'e'.repeat(64) }));
    await expect.poll(() => second.told.map(({ type }) => type), patient).toEqual(['waiting']);
    mailbox.release();
    expect(await first.result).toMatchObject({ status: 'finished', reused: false });
    expect(await second.result).toMatchObject({ status: 'finished', reused: true });
    expect(second.told.map(({ type }) => type)).toEqual(['waiting', 'acquired']);
    expect(readFileSync(bench.path('trace'), 'utf8')).toBe('ran\n');
  });

  it('stops a task that is interrupted while it waits for a lock', async () => {
    const first = start(bench.command('one', mailbox.sayAndWait('up'), { key: 'e'.repeat(64) }));
    await mailbox.heard('up');
    const second = start(bench.command('two', 'true', { key: 'e'.repeat(64) }));
    await expect.poll(() => second.told.length, patient).toBe(1);
    second.running.interrupt();
    expect(await second.result).toEqual({ status: 'interrupted' });
    mailbox.release();
    expect(await first.result).toMatchObject({ status: 'finished' });
  });

  it('runs a forced task although its result is there', async () => {
    const task = bench.command('a', `echo ran >> ${bench.path('trace')}`);
    await start(task).result;
    expect(await start(task).result).toMatchObject({ reused: true });
    expect(await start({ ...task, force: true }).result).toMatchObject({ status: 'finished', reused: false });
    expect(readFileSync(bench.path('trace'), 'utf8')).toBe('ran\nran\n');
    expect(existsSync(bench.store.find(task.key)?.path ?? '')).toBe(true);
  });

  it('stops tasks that still run when it is closed', async () => {
    const line = `trap 'touch ${bench.path('saved')}; exit 1' TERM; ${mailbox.say('up')}; while :; do sleep 0.01; done`;
    const started = start(bench.command('a', line));
    await mailbox.heard('up');
    await executor.close();
    expect((await started.result).status).not.toBe('finished');
    expect(existsSync(bench.path('saved'))).toBe(true);
    expect(bench.store.keys()).toEqual([]);
  });
});

/** A task that the queue holds. */
interface Job {
  readonly task: StageTask;
  readonly begun: ReturnType<typeof createDeferred<undefined>>;
  readonly ended: ReturnType<typeof createDeferred<StageResult>>;
}

/** A queue that outlives whoever submits to it, as that of a cluster does. */
class FakeCluster {
  readonly submitted: CellId[] = [];
  readonly #jobs = new Map<string, Job>();
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  readonly create = (): Promise<Executor> =>
    Promise.resolve({
      capacity: { slots: Infinity, gpus: Infinity },
      start: (tasks, options) => tasks.map((task) => this.#watch(this.#submit(task), options)),
      attach: (handle, _task, options) => (this.#jobs.has(handle) ? this.#watch(handle, options) : undefined),
      close: () => Promise.resolve(),
    });

  #submit(task: StageTask): string {
    this.submitted.push(task.cell);
    const handle = `job ${this.submitted.length}`;
    this.#jobs.set(handle, { task, begun: createDeferred(), ended: createDeferred() });
    return handle;
  }

  #watch(handle: string, { tell }: StartOptions): RunningTask {
    const { task, begun, ended } = this.#of(handle);
    tell(task.cell, { type: 'queued', handle, queue: `${handle} of partition gpu` });
    void begun.promise.then(() => tell(task.cell, { type: 'acquired' }));
    const cancel = () => ended.resolve({ status: 'interrupted' });
    return { result: ended.promise, interrupt: cancel, kill: cancel };
  }

  #of(handle: string): Job {
    const job = this.#jobs.get(handle);
    if (!job) throw new Error(`there is no ${handle}`);
    return job;
  }

  begin(handle: string): void {
    this.#of(handle).begun.resolve(undefined);
  }

  /** Lets a job run to its end. */
  async run(handle: string): Promise<void> {
    this.begin(handle);
    const { task, ended } = this.#of(handle);
    const deps = { store: this.#store, kinds, barriers: new CohortBarriers(), signal: new AbortController().signal };
    ended.resolve(await executeTask({ ...task, threads: 1, gpus: [] }, { ...deps, tell: () => undefined }));
  }
}

describe('an executor with a queue', () => {
  let bench: Workbench;
  beforeEach(() => (bench = new Workbench()));
  afterEach(() => bench.remove());

  const plan = planOf([shellCell('a', 'true a'), shellCell('b', 'true b')]);
  /** Starts a run on the cluster, and says how it stands. */
  const start = (cluster: FakeCluster) => {
    const events: Event[] = [];
    const summary = runPlan(plan, {
      ...{ runsFolder: bench.path('runs'), workingFolder: bench.folder, store: bench.store, kinds, slots: 1 },
      ...{ keepGoing: false, command: 'test', commit: () => Promise.resolve(null) },
      executor: cluster.create,
      sinks: [(event) => events.push(event)],
    });
    return { summary, events, state: () => events.reduce(runState, initialRun) };
  };
  const statesOf = (run: ReturnType<typeof start>) =>
    [...cellStatuses(run.state())].map(([id, { state }]) => `${id} ${state}`);

  it('takes all that is ready, and what it has queued waits until its turn has come', async () => {
    const cluster = new FakeCluster(bench.store);
    const run = start(cluster);
    await expect.poll(() => cluster.submitted).toEqual(['a', 'b']);
    expect(statesOf(run)).toEqual(['a waiting', 'b waiting']);
    expect(run.state().running.map(isQueued)).toEqual([true, true]);
    expect(run.state().running[0]).toMatchObject({ holder: 'job 1 of partition gpu', queued: { handle: 'job 1' } });
    cluster.begin('job 2');
    await expect.poll(() => statesOf(run)).toEqual(['a waiting', 'b running']);
    for (const handle of ['job 1', 'job 2']) await cluster.run(handle);
    expect(await run.summary).toMatchObject({ status: 'done', ran: 2 });
  });

  it('is asked by the next run for what a dead one left, and nothing is submitted twice', async () => {
    const cluster = new FakeCluster(bench.store);
    const dead = start(cluster);
    await expect.poll(() => cluster.submitted).toEqual(['a', 'b']);
    cluster.begin('job 1');
    // What is on the disk is all that the next run knows.
    const record = () => readRun(latestRun(bench.path('runs'), 'trial') ?? '').events.map(({ type }) => type);
    await expect.poll(record).toContain('stage-acquired');
    const next = start(cluster);
    await expect.poll(() => next.state().running.length).toBe(2);
    for (const handle of ['job 1', 'job 2']) await cluster.run(handle);
    expect(await next.summary).toMatchObject({ status: 'done', ran: 2 });
    expect(cluster.submitted).toEqual(['a', 'b']);
    await dead.summary;
  });

  it('that has forgotten a task gets it anew', async () => {
    const dead = start(new FakeCluster(bench.store));
    await expect.poll(() => dead.state().running.length).toBe(2);
    const record = () => readRun(latestRun(bench.path('runs'), 'trial') ?? '').events.length;
    await expect.poll(record).toBe(dead.events.length);
    const cluster = new FakeCluster(bench.store);
    const next = start(cluster);
    await expect.poll(() => cluster.submitted).toEqual(['a', 'b']);
    for (const handle of ['job 1', 'job 2']) await cluster.run(handle);
    expect(await next.summary).toMatchObject({ status: 'done', ran: 2 });
  });
});
