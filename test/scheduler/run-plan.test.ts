import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import type { FailureError } from '../../src/core/failure.ts';
import { CellReference, type Cell, type CellId, type Plan } from '../../src/core/plan.ts';
import type { StageTask } from '../../src/core/task.ts';
import { createInProcess } from '../../src/executors/in-process.ts';
import type { ExecutorOptions } from '../../src/executors/executor.ts';
import { executors } from '../../src/executors/registry.ts';
import { cellFolder } from '../../src/record/run-record.ts';
import { latestRun, listRuns, readRun } from '../../src/record/past-runs.ts';
import { previewPlan, runPlan, type RunOptions } from '../../src/scheduler/run-plan.ts';
import { kinds } from '../../src/stages/registry.ts';
import { openStore } from '../../src/store/local.ts';
import { temporaryPath } from '../../src/util/temporary-file.ts';
import { Mailbox } from '../support/mailbox.ts';
import { planOf, shellCell } from './fakes.ts';

let folder: string;
let events: Event[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-plan-'));
  events = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const options = (overrides: Partial<RunOptions> = {}): RunOptions => {
  const store = openStore(join(folder, 'runs', '.store'));
  return {
    ...{
      runsFolder: join(folder, 'runs'),
      workingFolder: folder,
      store,
      kinds,
      slots: 2,
      keepGoing: false,
    },
    executor: executors['in-process'].create,
    sinks: [(event) => events.push(event)],
    command: 'kdpipe run trial.yaml',
    commit: () => Promise.resolve('abc'),
    ...overrides,
  };
};
const run = (plan: Plan, overrides?: Partial<RunOptions>) => runPlan(plan, options(overrides));
const preview = async (plan: Plan, overrides?: Partial<RunOptions>) => {
  const { cells, resolutions } = await previewPlan(plan, options(overrides));
  return Object.fromEntries(cells.map(({ id }, index) => [id, resolutions[index]?.status]));
};
const path = (name: string) => join(folder, name);

const reading = (id: CellId, from: CellId, shell: string): Cell =>
  shellCell(
    id,
    shell,
    { inputs: { from: new CellReference(from, 'out') }, outputs: { out: 'out' } },
    { needs: [from] },
  );
const writing = (id: CellId, text: string, inputs = {}): Cell =>
  shellCell(id, `echo ${text} > "$KDPIPE_OUT/out"`, { inputs, outputs: { out: 'out' } });
/** teacher → student → score, each of one line. */
const chain = (teacher = 'strong') =>
  planOf([
    writing('teacher', teacher),
    reading('student', 'teacher', 'wc -c < "$KDPIPE_INPUT_FROM" > "$KDPIPE_OUT/out"'),
    reading('score', 'student', 'cat "$KDPIPE_INPUT_FROM" > "$KDPIPE_OUT/out"'),
  ]);

describe('a first run', () => {
  it('makes every result and hands the entries back', async () => {
    const summary = await run(chain());
    expect(summary).toMatchObject({ status: 'done', ran: 3, reused: 0, failed: 0, skipped: 0 });
    expect([...summary.states]).toEqual(['teacher', 'student', 'score'].map((id) => [id, 'finished']));
    expect(readFileSync(join(summary.entries.get('score')!.path, 'out'), 'utf8').trim()).toBe('7');
  });

  it('tells everything to the sinks and records the same', async () => {
    const summary = await run(chain());
    expect(events.map((event) => ('cell' in event ? `${event.cell} ${event.type}` : event.type))).toEqual([
      'run-started',
      ...['teacher', 'student', 'score'].flatMap((id) => [`${id} stage-started`, `${id} stage-finished`]),
      'run-finished',
    ]);
    expect(events[0]).toMatchObject({
      ...{ run: summary.run, pipeline: 'trial', file: 'trial.yaml', cells: 3, slots: 2, commit: 'abc' },
      command: 'kdpipe run trial.yaml',
    });
    expect(events.at(-1)).toMatchObject({ type: 'run-finished', status: 'done', ran: 3, seconds: summary.seconds });
    const past = readRun(summary.folder!);
    expect(past.events).toEqual(events);
    expect(past.plan).toEqual(chain());
    expect(latestRun(path('runs'), 'trial')).toBe(summary.folder);
    expect(readdirSync(join(summary.folder!, 'stages')).sort()).toEqual(['score', 'student', 'teacher']);
  });
});

describe('a second run', () => {
  it('has nothing to do, writes no folder, and asks for no commit', async () => {
    await run(chain());
    events = [];
    const summary = await run(chain(), { commit: () => Promise.reject(new Error('asked')) });
    expect(summary).toMatchObject({ status: 'done', ran: 0, reused: 3, run: null, folder: null });
    expect([...summary.entries.keys()]).toEqual(['teacher', 'student', 'score']);
    expect(events.map(({ type }) => type)).toEqual([
      ...['run-started', 'stage-reused', 'stage-reused', 'stage-reused', 'run-finished'],
    ]);
    expect(listRuns(path('runs'), 'trial')).toHaveLength(1);
  });

  it('runs exactly the cone of what changed, with the reason, and the preview said so', async () => {
    await run(chain());
    const longer = chain('stronger');
    expect(await preview(longer)).toEqual({ teacher: 'run', student: 'unknown', score: 'unknown' });
    events = [];
    expect(await run(longer)).toMatchObject({ ran: 3, reused: 0 });
    const reasons = events.flatMap((event) => (event.type === 'stage-started' ? [event.reason] : []));
    const leaf = 'params.shell "echo strong > \\"$KDPIPE_OUT/out\\"" → "echo stronger > \\"$KDPIPE_OUT/out\\""';
    expect(reasons[0]).toBe(leaf);
    expect(reasons[1]).toBe(`inputs.inputs.from ← teacher reran because ${leaf}`);
    expect(reasons[2]).toBe(`inputs.inputs.from ← student reran because teacher: ${leaf}`);
  });

  it('stops the wave where a stage made equal bytes', async () => {
    await run(chain('strong'));
    const other = chain('strang');
    expect(await preview(other)).toEqual({ teacher: 'run', student: 'unknown', score: 'unknown' });
    expect(await run(other)).toMatchObject({ ran: 2, reused: 1 });
  });

  it('reuses results of older values when they come back', async () => {
    await run(chain('strong'));
    await run(chain('stronger'));
    expect(await run(chain('strong'))).toMatchObject({ ran: 0, reused: 3 });
    events = [];
    await run(chain('stronger!'));
    expect(events.find((event) => event.type === 'stage-started')?.reason).toContain('"echo strong >');
  });

  it('runs what reads a file that changed', async () => {
    writeFileSync(path('words.txt'), 'a');
    const plan = planOf([writing('a', 'x', { words: 'words.txt' }), writing('b', 'y')]);
    await run(plan);
    expect(await preview(plan)).toEqual({ a: 'reuse', b: 'reuse' });
    writeFileSync(path('words.txt'), 'b');
    expect(await preview(plan)).toEqual({ a: 'run', b: 'reuse' });
    events = [];
    expect(await run(plan)).toMatchObject({ ran: 1, reused: 1 });
    expect(events.find((event) => event.type === 'stage-started')?.reason).toBe('sources.inputs.words changed');
  });
});

describe('a preview', () => {
  it('writes nothing', async () => {
    expect(await preview(chain())).toEqual({ teacher: 'run', student: 'unknown', score: 'unknown' });
    expect(listRuns(path('runs'), 'trial')).toEqual([]);
    expect(existsSync(path('runs/trial'))).toBe(false);
  });
});

describe('a selection', () => {
  it('runs the selected cells and nothing after them', async () => {
    const summary = await run(chain(), { selection: new Set(['teacher', 'student']) });
    expect(summary).toMatchObject({ ran: 2, reused: 0 });
    expect([...summary.states.keys()]).toEqual(['teacher', 'student']);
  });

  it('takes what it needs from the store', async () => {
    await run(chain(), { selection: new Set(['teacher', 'student']) });
    expect(await run(chain(), { selection: new Set(['score']) })).toMatchObject({ ran: 1, reused: 2 });
  });

  it('is refused when what it needs is neither selected nor in the store', async () => {
    const refused = run(chain(), { selection: new Set(['score']) });
    await expect(refused).rejects.toMatchObject({
      failures: [
        { code: 'need-not-selected', message: expect.stringMatching(/^student needs teacher, which is not selected/) },
        { message: expect.stringMatching(/^score needs student, which/) },
      ],
    });
    expect(existsSync(path('runs/trial'))).toBe(false);
    expect(events).toEqual([]);
  });

  it('can force cells to run again', async () => {
    await run(chain());
    const force = new Set(['student']);
    expect(await preview(chain(), { force })).toEqual({ teacher: 'reuse', student: 'run', score: 'unknown' });
    expect(await run(chain(), { force })).toMatchObject({ ran: 1, reused: 2 });
  });
});

describe('a run that goes wrong', () => {
  it('says which stage failed and how, and completes after the mend', async () => {
    const broken = planOf([...chain().cells.slice(0, 2), reading('score', 'student', 'echo sadly; exit 7')]);
    const summary = await run(broken);
    expect(summary).toMatchObject({ status: 'failed', ran: 2, failed: 1 });
    expect(events.find((event) => event.type === 'stage-failed')).toMatchObject({
      ...{ cell: 'score', tail: ['sadly'], failure: { code: 'command-failed' } },
    });
    expect(readFileSync(join(cellFolder(summary.folder!, 'score'), 'log.txt'), 'utf8')).toBe('sadly\n');
    expect(await run(chain())).toMatchObject({ status: 'done', ran: 1, reused: 2 });
  });

  it('does not start when a source is missing', async () => {
    await expect(run(planOf([writing('a', 'x', { words: 'none.txt' })]))).rejects.toMatchObject({
      failures: [{ code: 'missing-source' }],
    });
    expect(existsSync(path('runs/trial'))).toBe(false);
  });

  it('fails a stage whose source changed meanwhile, and runs it again next time', async () => {
    writeFileSync(path('words.txt'), 'a');
    const plan = (change: string) =>
      planOf([shellCell('a', `${change}; echo > "$KDPIPE_OUT/out"`, { inputs: { words: 'words.txt' } })]);
    const first = await run(plan(`echo b > ${path('words.txt')}`));
    expect(first).toMatchObject({ status: 'failed', failed: 1 });
    expect(events.find((event) => event.type === 'stage-tainted')).toMatchObject({ changed: ['inputs.words'] });
    expect(await run(plan(`true`))).toMatchObject({ status: 'done', ran: 1 });
  });

  it('lets running stages stop on the first interruption, and completes next time', async () => {
    const mailbox = await Mailbox.open();
    const interrupt = new AbortController();
    const plan = planOf([shellCell('a', `[ -e ${path('go')} ] || ${mailbox.sayAndWait('up')}`), writing('b', 'x')]);
    const ended = run(plan, { interrupt: interrupt.signal, slots: 1 });
    await mailbox.heard('up');
    interrupt.abort();
    expect(await ended).toMatchObject({ status: 'interrupted', ran: 0, failed: 0 });
    expect(events.at(-1)).toMatchObject({ type: 'run-finished', status: 'interrupted' });
    writeFileSync(path('go'), '');
    expect(await run(plan)).toMatchObject({ status: 'done', ran: 2 });
    await mailbox.close();
  });

  it('kills running stages on the second interruption', async () => {
    const mailbox = await Mailbox.open();
    const [interrupt, kill] = [new AbortController(), new AbortController()];
    writeFileSync(path('stubborn.sh'), `trap '' TERM; ${mailbox.say('up')}; while :; do sleep 0.01; done`);
    const plan = planOf([shellCell('a', `exec sh ${path('stubborn.sh')}`)]);
    const ended = run(plan, { interrupt: interrupt.signal, kill: kill.signal });
    await mailbox.heard('up');
    interrupt.abort();
    kill.abort();
    expect(await ended).toMatchObject({ status: 'interrupted' });
    await mailbox.close();
  });

  it('starts nothing when it was interrupted before', async () => {
    expect(await run(chain(), { interrupt: AbortSignal.abort() })).toMatchObject({ status: 'interrupted', ran: 0 });
  });

  it('leaves nothing half written once the next one has begun: here it was killed while it recorded its plan', async () => {
    const killed = join(folder, 'runs', planOf([]).name, '20260101T000000000Z-abcdef');
    const half = basename(temporaryPath('plan.json')).replace(`.${process.pid}-`, `.${2 ** 22 + 1}-`);
    mkdirSync(killed, { recursive: true });
    writeFileSync(join(killed, half), '{');
    await run(chain());
    expect(readdirSync(killed)).toEqual([]);
  });
});

describe('what a task and its executor get', () => {
  const plan = planOf([
    shellCell('a', 'true a', {}, { resources: { cpu: 1, gpu: 1, memory: 64 }, timeout: 9 }),
    shellCell('b', 'true b'),
    shellCell('c', 'true c', {}, { needs: ['a', 'b'] }),
  ]);

  it('is what the pipeline asks for, the slots, the GPUs, the threads and the commit', async () => {
    const tasks: StageTask[] = [];
    const made: ExecutorOptions[] = [];
    const executor = (given: ExecutorOptions) => {
      made.push(given);
      const inner = createInProcess(given);
      const start: typeof inner.start = (started, more) => (tasks.push(...started), inner.start(started, more));
      return Promise.resolve({ ...inner, start });
    };
    const gpus = () => Promise.resolve(['4']);
    await run(plan, { executor, gpus });
    expect(made).toMatchObject([{ slots: 2, gpus: ['4'] }]);
    expect(made[0]?.threads).toBeUndefined();
    expect(
      tasks.map(({ cell, resources, timeout, commit, attempt, force }) => ({
        cell,
        resources,
        timeout,
        commit,
        attempt,
        force,
      })),
    ).toEqual([
      { cell: 'a', resources: { cpu: 1, gpu: 1, memory: 64 }, timeout: 9, commit: 'abc', attempt: 1, force: false },
      { cell: 'b', resources: { cpu: 1, gpu: 0, memory: 0 }, timeout: 0, commit: 'abc', attempt: 1, force: false },
      { cell: 'c', resources: { cpu: 1, gpu: 0, memory: 0 }, timeout: 0, commit: 'abc', attempt: 1, force: false },
    ]);
    await run(plan, { executor, threads: 3, force: new Set(['c']) });
    expect(made.at(-1)).toMatchObject({ threads: 3 });
    expect(tasks.at(-1)).toMatchObject({ cell: 'c', force: true });
  });

  it('is a failure before anything runs where stages ask for more GPUs than there are', async () => {
    const most = planOf([
      shellCell('a', 'true a'),
      shellCell('net[seed=0]', 'true 0', {}, { stage: 'net', resources: { cpu: 1, gpu: 1, memory: 0 } }),
      shellCell('net[seed=1]', 'true 1', {}, { stage: 'net', resources: { cpu: 1, gpu: 3, memory: 0 } }),
    ]);
    const problem = (gpus: readonly string[]) =>
      run(most, { gpus: () => Promise.resolve(gpus) }).catch((error: unknown) => (error as FailureError).failures);
    expect(await problem([])).toMatchObject([
      { code: 'not-enough-gpus', message: 'net asks for 3 GPUs, but this machine has none' },
    ]);
    expect(await problem(['0', '1'])).toMatchObject([{ message: 'net asks for 3 GPUs, but this machine has 2' }]);
    expect(events).toEqual([]);
    expect(listRuns(path('runs'), 'trial')).toEqual([]);
  });

  it('is a failure before anything runs where this machine lacks what stages need; nothing is asked for what is reused', async () => {
    const both = planOf([
      shellCell('a', 'true'),
      shellCell('net[seed=0]', 'true 0'),
      shellCell('net[seed=1]', 'true 1'),
    ]);
    const lacking = {
      ...kinds.command,
      obstacle: () => Promise.resolve({ code: 'engine-unavailable', message: 'gone' }),
    };
    await run(planOf([shellCell('a', 'true')]));
    events = [];
    const failures = await run(both, { kinds: { command: lacking } }).catch(
      (error: unknown) => (error as FailureError).failures,
    );
    expect(failures).toEqual([{ code: 'engine-unavailable', message: 'net: gone' }]);
    expect(events).toEqual([]);
  });

  it('needs no GPU for what is reused, nor looks for one', async () => {
    await run(plan, { gpus: () => Promise.resolve(['0']) });
    const gpus = () => Promise.reject(new Error('asked'));
    expect(await run(plan, { gpus, force: new Set(['b']) })).toMatchObject({ status: 'done', ran: 1 });
  });
});

describe('two runs at once', () => {
  it('make each result once', async () => {
    const trace = path('trace');
    const plan = planOf(Array.from({ length: 6 }, (_, at) => shellCell(`c${at}`, `echo c${at} >> ${trace}`)));
    const summaries = await Promise.all([run(plan), run(plan)]);
    expect(readFileSync(trace, 'utf8').trim().split('\n').sort()).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', 'c5']);
    expect(summaries.map(({ status }) => status)).toEqual(['done', 'done']);
    expect(summaries[0].ran + summaries[1].ran).toBe(6);
    expect(summaries[0].reused + summaries[1].reused).toBe(6);
  });
});
