import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Project } from '../support/project.ts';
import { sayWithoutSlurm, SlurmCluster, whyNoMemoryLimits } from '../support/slurm-cluster.ts';

/** A stage that notes that it has begun, and one that reads its result. */
const chain = (shell: string, more = '') => `
name: chain
executor: slurm
stages:
  first:
    uses: command
    ${more}
    with: { cwd: ., shell: '${shell}; echo first > $KDPIPE_OUT/data' }
  second:
    uses: command
    with: { inputs: { data: '\${stages.first}' }, shell: 'cat $KDPIPE_INPUT_DATA/data > $KDPIPE_OUT/data' }
`;
/** The first time, it stays until somebody ends it. */
const onceForever = 'echo begun >> begun; [ $(wc -l < begun) -gt 1 ] || sleep 300';

/** Long enough that it can be disturbed in the middle. */
const training = `
name: chain
stages:
  digits: { uses: dataset, with: { source: mnist-digits, limit: { train: 400, val: 40, test: 40 }, mean_std: data } }
  teacher: { uses: train-teacher, with: { data: "\${stages.digits}", model: convnet4, epochs: 80, lr: 5e-3, batch_size: 8 } }
`;

/** They take minutes: `.ci/slurm` asks for them. */
function sayWithoutLosses(): boolean {
  if (process.env['KDPIPE_TEST_LOSSES'] !== undefined) return sayWithoutSlurm();
  process.stderr.write('\nSKIPPED: what a real Slurm loses: bash .ci/slurm runs it\n');
  return true;
}

describe.skipIf(sayWithoutLosses())('what is lost on a Slurm cluster', () => {
  let cluster: SlurmCluster;
  let project: Project;
  beforeAll(async () => {
    const settings = [
      ...['PreemptType=preempt/partition_prio', 'PreemptMode=CANCEL'],
      'PartitionName=urgent Nodes=ALL PriorityTier=10 PreemptMode=OFF',
    ];
    cluster = await SlurmCluster.start({ settings, limitsMemory: whyNoMemoryLimits() === undefined });
  });
  afterAll(async () => cluster.stop());
  beforeEach(() => (project = new Project()));
  afterEach(() => project.remove());

  const run = (...args: readonly string[]) => project.runWith(cluster.environment, ...args);
  /** Runs the pipeline in the background; `ended` gives what it said. */
  const start = (...args: readonly string[]) => {
    const child = project.startWith(cluster.environment, 'run', 'p.yaml', ...args);
    let stderr = '';
    child.stderr?.on('data', (text: Buffer) => (stderr += String(text)));
    const ended = new Promise<{ code: number | null; stderr: string }>((resolve) =>
      child.once('exit', (code) => resolve({ code, stderr })),
    );
    return { ended };
  };
  const begun = () => (existsSync(project.path('begun')) ? project.read('begun') : '');
  /** Texts of the files in a folder whose path ends so. */
  const texts = (folder: string, end: string) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith(end))
      .map((path) => readFileSync(join(folder, path), 'utf8'));
  const written = (end: string) =>
    existsSync(project.path('runs/chain')) ? texts(project.path('runs/chain'), end) : [];

  it.skipIf(whyNoMemoryLimits())('gets more memory where it was not enough', async () => {
    const hungry = 'node -e "Buffer.alloc(700 * 2 ** 20, 1)" || exit 1';
    project.write('p.yaml', chain(hungry, 'resources: { memory: 500 }'));
    const { code, stderr } = await start().ended;
    expect(stderr).toMatch(
      /the memory of the job was used up: it goes back into the queue, with 1000 MiB \(retry 1 of at most 3\)/,
    );
    expect(stderr).toContain('2 ran');
    expect(code).toBe(0);
    expect(run('status').stdout).toMatch(/second\s+1\s+1 finished/);
  });

  it('runs again after it was preempted, and what waited for it does', async () => {
    project.write('p.yaml', chain(onceForever));
    const { ended } = start();
    await expect.poll(begun).toBe('begun\n');
    const other = ['--partition=urgent', '--nodes=2', '--exclusive', '--output=/dev/null', '--wrap=sleep 300'];
    const urgent = cluster.ask('sbatch', '--parsable', ...other).trim();
    await expect.poll(() => cluster.ask('squeue', '--states=all', '--noheader', '--format=%T')).toContain('PREEMPTED');
    cluster.ask('scancel', urgent);
    const { code, stderr } = await ended;
    expect(stderr).toMatch(
      /first failed: job \d+_0 ended as PREEMPTED.*: it goes back into the queue \(retry 1 of at most 3\)/,
    );
    expect(stderr).toContain('2 ran');
    expect(code).toBe(0);
    expect(begun()).toBe('begun\n'.repeat(2));
  });

  it('runs once where its node is lost and what it has started goes on', async () => {
    project.write('p.yaml', chain('echo begun >> begun; sleep 30', 'slurm: { options: [--no-requeue] }'));
    const { ended } = start();
    await expect.poll(begun).toBe('begun\n');
    const node = cluster.ask('squeue', '--noheader', '--states=RUNNING', '--format=%N').trim() === 'n1' ? 'n1' : 'n2';
    await cluster.kill(node);
    await expect.poll(() => cluster.ask('squeue', '--states=all', '--noheader', '--format=%T')).toContain('NODE_FAIL');
    const { code, stderr } = await ended;
    expect(stderr).toMatch(/2 ran|1 ran, 1 reused/);
    expect(code).toBe(0);
    expect(begun()).toBe('begun\n');
    cluster.startNode(node);
    await cluster.isReady();
  });

  it('ends with the same weights where its time was over in the middle', async () => {
    const weights = (of: Project) =>
      texts(of.path('runs/.store'), 'manifest.json')
        .map((text) => (JSON.parse(text) as { files: unknown }).files)
        .map((files) => JSON.stringify(files))
        .sort();
    project.write('p.yaml', training);
    const { ended } = start('--executor', 'slurm');
    await expect.poll(() => written('teacher/0.ndjson').join('')).toContain('"stage-metric"');
    const job = cluster.ask('squeue', '--noheader', '--format=%A', '--states=RUNNING').trim();
    cluster.ask('scancel', '--batch', '--signal=USR1', job);
    await expect
      .poll(() => cluster.ask('squeue', '--noheader', '--format=%T %r', `--jobs=${job}`).trim())
      .toBe('PENDING BeginTime');
    // Slurm waits for two minutes by itself.
    cluster.ask('scontrol', 'update', `JobId=${job}`, 'StartTime=now');
    const { code } = await ended;
    expect(code).toBe(0);
    expect(JSON.parse(written('teacher/0.json')[0] ?? '')).toMatchObject({ restarts: 1 });
    const alone = new Project({ 'p.yaml': training });
    alone.run('run', 'p.yaml');
    expect(weights(project)).toEqual(weights(alone));
    alone.remove();
  });

  // Last, for a controller that is killed may forget what it was told in the last seconds.
  it('loses and repeats nothing while the controller is away', async () => {
    project.write('p.yaml', chain('echo begun >> begun; sleep 6'));
    await cluster.kill('slurmctld');
    const { ended } = start();
    cluster.startController();
    await expect.poll(begun).toBe('begun\n');
    await cluster.kill('slurmctld');
    await expect.poll(() => written('first/0.json')).toHaveLength(1);
    cluster.startController();
    const { code, stderr } = await ended;
    expect(stderr).toContain('2 ran');
    expect(code).toBe(0);
    expect(begun()).toBe('begun\n');
  });
});
