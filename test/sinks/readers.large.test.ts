import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { open } from '../../src/sinks/mlflow.ts';
import type { TrackedCell } from '../../src/sinks/sink.ts';
import { Project } from '../support/project.ts';

/** A Python with tensorboard, mlflow, wandb: `.ci/sinks` makes one. */
const python = process.env['KDPIPE_SINKS_PYTHON'];
const lacking = python === undefined ? ' (SKIPPED: KDPIPE_SINKS_PYTHON names no Python; .ci/sinks makes one)' : '';

const pipeline = `name: small
stages:
  digits: { uses: dataset, with: { source: mnist-digits, limit: { train: 200, val: 100, test: 100 } } }
  teacher: { uses: train-teacher, with: { data: "\${stages.digits}", model: convnet8, epochs: 3 } }
  student:
    uses: distill-student
    matrix: { kd_ratio: [0.5, 0.8] }
    with: { data: "\${stages.digits}", teacher: "\${stages.teacher}", model: convnet4, kd_method: SoftTarget, epochs: 2 }
  score:
    uses: evaluate
    matrix: { of: ["\${stages.student}"] }
    with: { data: "\${stages.digits}", splits: [test] }
`;

/** What a reader makes of what it was told. */
function read(...args: readonly string[]): unknown {
  const script = new URL('support/readers.py', import.meta.url).pathname;
  const said = execFileSync(python ?? '', [script, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 2 ** 28,
  });
  return JSON.parse(said.toString());
}

type Row = Readonly<Record<string, number | null>>;
interface Recorded {
  readonly at: number;
  readonly row: Row;
}

/** Rows of a cell, as the run has recorded them. */
function recordedRows(project: Project, cell: string): readonly Recorded[] {
  const [run = ''] = readdirSync(project.path('runs/small')).filter((name) => /Z-/.test(name));
  return readFileSync(project.path(`runs/small/${run}/events.ndjson`), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Recorded & { readonly type: string; readonly cell?: string })
    .filter((event) => event.type === 'stage-metric' && event.cell === cell);
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

describe.skipIf(python === undefined)(`what is told of results${lacking}`, () => {
  let project: Project;
  const sync = (...args: readonly string[]): void => {
    const { code, stderr } = project.run('sync', ...args);
    if (code !== 0) throw new Error(stderr);
  };
  beforeAll(() => {
    project = new Project({ 'small.yaml': pipeline });
    const { code, stderr } = project.run('run', 'small.yaml');
    if (code !== 0) throw new Error(stderr);
  });
  afterAll(() => project.remove());

  it('is what TensorBoard shows, and its table of hyperparameters', () => {
    sync('--to', 'tensorboard');
    interface Told {
      readonly runs: Readonly<Record<string, Readonly<Record<string, readonly (readonly number[])[]>>>>;
      readonly hparams: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
      readonly columns: readonly string[];
    }
    const { runs, hparams, columns } = read('tensorboard', project.path('tensorboard')) as Told;
    expect(Object.keys(runs)).toHaveLength(6);
    const student = Object.keys(runs).find((run) => run.startsWith('small/student/kd_ratio=0.5-')) ?? '';
    const rows = recordedRows(project, 'student[kd_ratio=0.5]');
    expect(rows).toHaveLength(2);
    expect(runs[student]?.['train_loss']).toEqual(
      rows.map(({ at, row }) => [row['epoch'], at / 1000, Math.fround(row['train_loss'] ?? NaN)]),
    );
    expect(hparams[student]).toMatchObject({ status: 'STATUS_SUCCESS', kd_ratio: 0.5, model: 'convnet4', ema: false });
    expect(columns).toContain('kd_ratio');
    const score = Object.keys(runs).find((run) => run.startsWith('small/score/')) ?? '';
    expect(runs[score]?.['test.accuracy']).toHaveLength(1);
    expect(hparams[score]).toMatchObject({ kd_ratio: expect.any(Number) });
  });

  it('is what W&B reads of offline runs, with the records that its own program writes', () => {
    sync('--to', 'wandb', '--with', 'project=distillation');
    interface WandbRecord {
      readonly type: string;
      readonly run?: Readonly<Record<string, unknown>>;
      readonly history?: { readonly item: Row };
      readonly summary?: { readonly update: Row };
      readonly exit?: unknown;
    }
    type WandbLogs = readonly (readonly WandbRecord[])[];
    const logs = read('wandb', project.path('wandb')) as WandbLogs;
    expect(logs).toHaveLength(6);
    const student = logs.find((log) => log[1]?.run?.['display_name'] === 'student[kd_ratio=0.5]') ?? [];
    expect(student.map(({ type }) => type)).toEqual(['header', 'run', 'history', 'history', 'summary', 'exit']);
    expect(student[1]?.run).toMatchObject({
      project: 'distillation',
      job_type: 'student',
      run_group: 'student[kd_ratio=0.5]',
    });
    for (const [at, { at: when, row }] of recordedRows(project, 'student[kd_ratio=0.5]').entries())
      expect(student[2 + at]?.history?.item).toMatchObject({
        ...{ train_loss: row['train_loss'], val_accuracy: row['val_accuracy'] },
        ...{ _step: row['epoch'], _timestamp: when / 1000 },
      });
    expect(student[4]?.summary?.update).toMatchObject({ 'val.accuracy': expect.any(Number), _step: 1 });
    // A run that wandb itself has written offline has records of these types too.
    const own = project.path('own');
    const program = `import wandb
run = wandb.init(project="p", group="g", job_type="j", name="n", id="abc", dir=${JSON.stringify(project.folder)}, mode="offline", config={"lr": 0.1})
run.log({"loss": 1.5}, step=0)
run.summary.update({"test.accuracy": 0.5})
run.finish()`;
    execFileSync(python ?? '', ['-c', program], {
      cwd: project.folder,
      stdio: 'ignore',
      env: { ...process.env, WANDB_DIR: own },
    });
    const all = read('wandb', project.path('wandb')) as WandbLogs;
    const theirs = all.find((log) => log[1]?.run?.['display_name'] === 'n') ?? [];
    expect(theirs.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['header', 'run', 'history', 'summary', 'exit']),
    );
    expect(Object.keys(theirs[1]?.run ?? {})).toEqual(
      expect.arrayContaining(['config', 'display_name', 'job_type', 'project', 'run_group', 'run_id', 'start_time']),
    );
  });

  describe('to a server of MLflow', () => {
    let server: ChildProcess;
    let address: string;
    interface MlflowRun {
      readonly name: string;
      readonly status: string;
      readonly params: Readonly<Record<string, string>>;
      readonly tags: Readonly<Record<string, string>>;
      readonly metrics: Readonly<Record<string, readonly (readonly number[])[]>>;
    }
    beforeAll(async () => {
      address = `http://127.0.0.1:${await freePort()}`;
      server = spawn(
        join(dirname(python ?? ''), 'mlflow'),
        ['server', '--port', new URL(address).port, '--backend-store-uri', 'sqlite:///mlflow.db', '--workers', '1'],
        {
          cwd: project.folder,
          stdio: 'ignore',
          detached: true,
          env: { ...process.env, MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false' },
        },
      );
      // Its first answer comes when its database is made, which takes half a minute.
      const asked = `${address}/api/2.0/mlflow/experiments/search?max_results=1`;
      await vi.waitFor(() => fetch(asked), { timeout: 240_000, interval: 500 });
    });
    // Its workers are of its process group; what runs its jobs, which nobody has here, would not be.
    afterAll(() => void process.kill(-(server.pid ?? 0), 'SIGKILL'));

    it('is a run each, whose curves are those of the record, however often it is told', () => {
      const settings = ['--to', 'mlflow', '--with', `tracking_uri=${address}`];
      sync(...settings);
      const first = read('mlflow', address, 'small') as readonly MlflowRun[];
      expect(first.map(({ name }) => name).sort()).toEqual([
        ...['digits', 'score[of=student[kd_ratio=0.5]]', 'score[of=student[kd_ratio=0.8]]'],
        ...['student[kd_ratio=0.5]', 'student[kd_ratio=0.8]', 'teacher'],
      ]);
      const student = first.find(({ name }) => name === 'student[kd_ratio=0.5]');
      expect(student).toMatchObject({
        status: 'FINISHED',
        params: { kd_ratio: '0.5', kd_method: 'SoftTarget', model: 'convnet4' },
        tags: { 'kdpipe.stage': 'student', 'kdpipe.steps': '0-1', 'kdpipe.engine': expect.any(String) },
      });
      expect(student?.metrics['train_loss']).toEqual(
        recordedRows(project, 'student[kd_ratio=0.5]').map(({ at, row }) => [row['epoch'], at, row['train_loss']]),
      );
      sync(...settings);
      expect(read('mlflow', address, 'small')).toEqual(first);
    });

    it('goes on with a run that had ended, by its key, and has each epoch once', async () => {
      const rows = [0, 1, 2].map((step) => ({ step, at: 1000 + step, values: { loss: 3 - step } }));
      const about = { key: 'k', cell: 'c', stage: 's', pipeline: 'again', group: 'g', startedAt: 999 };
      const cell = { ...about, params: { lr: 0.1 }, tags: { key: 'k' } };
      // Each by a process of its own, which knows nothing of the others.
      const tell = (more: Pick<TrackedCell, 'rows' | 'end'>): Promise<void> =>
        open({ settings: { tracking_uri: address }, environment: {}, root: '' }).write({ ...cell, ...more });
      await tell({ rows: rows.slice(0, 1) });
      await tell({ rows: rows.slice(0, 2), end: { state: 'failed', at: 1500, metrics: {} } });
      await tell({ rows: rows.slice(1) });
      await tell({ rows, end: { state: 'finished', at: 2000, metrics: { 'test.accuracy': 1 } } });
      const [run, ...others] = read('mlflow', address, 'again') as readonly MlflowRun[];
      expect(others).toEqual([]);
      expect(run).toMatchObject({ status: 'FINISHED', end: 2000, params: { lr: '0.1' } });
      expect(run?.metrics).toEqual({
        loss: rows.map(({ step, at, values }) => [step, at, values.loss]),
        'test.accuracy': [[2, 2000, 1]],
      });
    });
  });
});
