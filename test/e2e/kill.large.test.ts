import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { decodeCheckpoint } from '../../src/ml/train/checkpoint.ts';
import { latestRun, readRun } from '../../src/record/past-runs.ts';
import { parseHolder } from '../../src/store/holder.ts';
import { Project } from '../support/project.ts';
import { lives } from '../support/tasks.ts';

const epochs = 12;
const pipeline = (retry: number) => `name: trial
stages:
  digits:
    uses: dataset
    with: { source: mnist-digits, limit: { train: 400, val: 50, test: 50 }, mean_std: data }
  net:
    uses: train-teacher
    with: { data: "\${stages.digits}", model: convnet8, epochs: ${epochs}, batch_size: 16, lr: 0.01, ema: true }
    retry: ${retry}
`;

/** Waits until a look succeeds: for a word of another process, never for time. */
async function until<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    await wait(5);
  }
}

let project: Project;
beforeEach(() => (project = new Project({ 'trial.yaml': pipeline(0) })));
afterEach(() => project.remove());

const runFolder = (of: Project) => latestRun(of.path('runs'), 'trial') ?? '';
const events = (): readonly Event[] => readRun(runFolder(project)).events;
const ended = (child: ChildProcess) => once(child, 'close');

/** Epochs whose row a run's record has, in the order in which they were trained. */
function epochsOf(folder: string): readonly number[] {
  const rows = readFileSync(join(folder, 'stages/net/metrics.ndjson'), 'utf8').trimEnd().split('\n');
  return rows.map((row) => (JSON.parse(row) as { epoch: number }).epoch);
}

/** Files of the training's result but its manifest, which tells times and names. */
function resultOf(of: Project): Readonly<Record<string, string>> {
  const shards = of.keys().map((key) => of.path(`runs/.store/${key.slice(0, 2)}/${key}`));
  const folder = shards.find((entry) => existsSync(join(entry, 'weights.safetensors'))) ?? '';
  const files = readdirSync(folder).filter((name) => name !== 'manifest.json');
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, name), 'hex')]));
}

const checkpointFile = () => {
  const scratch = project.path('runs/.store/.scratch');
  const keys = existsSync(scratch) ? readdirSync(scratch) : [];
  return keys.map((key) => join(scratch, key, 'checkpoint.safetensors')).find((file) => existsSync(file));
};

/** Where the checkpoint stands that is left on the disk. */
const checkpointed = () => {
  const file = checkpointFile() ?? '';
  return decodeCheckpoint(readFileSync(file), file)?.position;
};

/** The worker that trains, once a checkpoint has appeared: it holds the lock of the checkpoint's key. */
const trainer = () =>
  until(() => {
    const key = checkpointFile()?.split('/').at(-2);
    const lock = project.path(`runs/.store/.locks/${key}`);
    return key !== undefined && existsSync(lock) ? parseHolder(readFileSync(lock, 'utf8'))?.pid : undefined;
  });
const buried = (pid: number) => until(() => (lives(pid) ? undefined : true));

let whole: Readonly<Record<string, string>>;
beforeAll(() => {
  const undisturbed = new Project({ 'trial.yaml': pipeline(0) });
  expect(undisturbed.run('run', 'trial.yaml')).toMatchObject({ code: 0 });
  whole = resultOf(undisturbed);
  expect(epochsOf(runFolder(undisturbed))).toEqual(Array.from({ length: epochs }, (_, epoch) => epoch));
  undisturbed.remove();
});

/** The next run goes on where the checkpoint stands, and ends with the bytes of a run that nobody disturbed. */
function expectContinued(): void {
  const { epoch = 0, batch } = checkpointed() ?? {};
  expect(epoch).toBeGreaterThan(0);
  expect(batch).toBe(0);
  expect(project.run('run', 'trial.yaml')).toMatchObject({ code: 0 });
  expect(epochsOf(runFolder(project))).toEqual(Array.from({ length: epochs - epoch }, (_, at) => epoch + at));
  expect(project.run('logs', 'net').stdout).toMatch(
    new RegExp(`^epoch ${epoch}: .*\\n(epoch .*\\n)*kept epoch \\d+\\n$`),
  );
  expect(resultOf(project)).toEqual(whole);
  expect(checkpointFile()).toBeUndefined();
}

describe('a training of which kill -9 takes', () => {
  it('everything, runner and worker, continues from its checkpoint to the same bytes', async () => {
    const runner = project.start('run', 'trial.yaml');
    const worker = await trainer();
    process.kill(worker, 'SIGKILL');
    runner.kill('SIGKILL');
    await Promise.all([ended(runner), buried(worker)]);
    expect(events().at(-1)?.type).not.toBe('run-finished');
    // Only the dataset: what the training had begun is a draft, which nobody ever finds, and the next run clears away.
    expect(project.keys()).toHaveLength(1);
    expectContinued();
    expect(project.run('verify')).toMatchObject({ code: 0, stdout: '2 results verified\n' });
    expect(project.run('gc').stdout).toMatch(/^would remove 0 items,/);
  });

  it('the runner saves where it is before its worker leaves', async () => {
    const runner = project.start('run', 'trial.yaml');
    const worker = await trainer();
    runner.kill('SIGKILL');
    await Promise.all([ended(runner), buried(worker)]);
    expect(project.keys()).toHaveLength(1);
    expect(project.run('gc').stdout).toMatch(/^would remove 0 items/);
    expect(project.run('run', 'trial.yaml')).toMatchObject({ code: 0 });
    expect(resultOf(project)).toEqual(whole);
  });

  it('the worker fails, says why, and leaves nothing half written', async () => {
    const runner = project.start('run', 'trial.yaml');
    process.kill(await trainer(), 'SIGKILL');
    expect(await ended(runner)).toEqual([1, null]);
    const failed = events().find((event) => event.type === 'stage-failed');
    expect(failed).toMatchObject({ cell: 'net', failure: { code: 'worker-died' } });
    expect(failed?.failure.message).toBe('the worker process that ran it was killed by SIGKILL');
    // What it said last is what it had in hand: the epochs that it had trained.
    expect(failed?.tail[0]).toMatch(/^epoch 0: /);
    expect(project.keys()).toHaveLength(1);
    expectContinued();
  });

  it('the worker is retried where retry says so, without training an epoch from the start again', async () => {
    project.write('trial.yaml', pipeline(1));
    const runner = project.start('run', 'trial.yaml');
    process.kill(await trainer(), 'SIGKILL');
    expect(await ended(runner)).toEqual([0, null]);
    const told = events().filter((event) => 'cell' in event && event.cell === 'net');
    const types = told.map(({ type }) => type).filter((type) => type !== 'stage-progress' && type !== 'stage-metric');
    expect(types).toEqual(['stage-started', 'stage-retrying', 'stage-started', 'stage-finished']);
    const trained = epochsOf(runFolder(project));
    expect(trained.filter((epoch) => epoch === 0)).toHaveLength(1);
    expect([...new Set(trained)]).toEqual(Array.from({ length: epochs }, (_, epoch) => epoch));
    expect(resultOf(project)).toEqual(whole);
  });
});
