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

/** A signal that does nothing, in the place of the one before the time is over. */
const untold = "options: ['--signal=B:URG@10']";
/** Two trainings of more than a minute and a half. */
const trainings = (slurm: readonly [told: string, untold: string]) => `
name: chain
stages:
  digits: { uses: dataset, with: { source: mnist-digits, limit: { train: 400, val: 40, test: 40 }, mean_std: data } }
${slurm
  .map(
    (settings, at) => `
  teacher${at}:
    uses: train-teacher
    slurm: ${settings}
    with: { data: "\${stages.digits}", model: convnet4, epochs: 1000, patience: 0, lr: ${at === 0 ? 5e-3 : 4e-3}, batch_size: 8 }`,
  )
  .join('')}
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

  it(
    'goes on with the same bits where its time is over, told before or not, and fails where nothing was saved',
    { timeout: 1_800_000 },
    async () => {
      const weights = (of: Project) =>
        texts(of.path('runs/.store'), 'manifest.json')
          .map((text) => (JSON.parse(text) as { files: unknown }).files)
          .map((files) => JSON.stringify(files))
          .sort();
      project.write(
        'p.yaml',
        `${trainings(['{ time: 1m }', `{ time: 1m, ${untold} }`])}
  deaf: { uses: command, slurm: { time: 1m }, with: { shell: 'trap "" TERM; while :; do sleep 1; done' } }
  late: { uses: command, slurm: { time: 1m, ${untold} }, with: { shell: 'sleep 1000' } }
`,
      );
      const { ended } = start('--executor', 'slurm', '-k');
      // Slurm would wait for two minutes before it starts a job anew.
      const hasten = setInterval(() => {
        const waiting = cluster.ask('squeue', '--noheader', '--format=%A %r', '--states=PENDING').split('\n');
        for (const line of waiting)
          if (line.endsWith(' BeginTime'))
            cluster.ask('scontrol', 'update', `JobId=${line.split(' ')[0]}`, 'StartTime=now');
      }, 1000);
      const { code, stderr } = await ended;
      clearInterval(hasten);
      expect(stderr).toMatch(
        /teacher1 failed: job \d+_0 ended as TIMEOUT.*: it goes back into the queue, from what it has saved/,
      );
      expect(stderr).toContain('deaf failed: the time of the job was over before anything was saved');
      expect(stderr).toMatch(/late failed: job \d+_0 ended as TIMEOUT/);
      expect(stderr).toContain('3 ran, 2 failed');
      expect(code).toBe(1);
      const restarts = written('teacher0/0.json').map((text) => (JSON.parse(text) as { restarts: number }).restarts);
      expect(restarts[0]).toBeGreaterThan(0);
      expect(written('/deaf/0.json')).toHaveLength(1);
      const alone = new Project({ 'p.yaml': trainings(['{}', '{}']) });
      alone.run('run', 'p.yaml');
      expect(weights(project)).toEqual(weights(alone));
      alone.remove();
    },
  );

  it('is refused before it is submitted where a node does not see the folder; a node that nobody asked holds the rest back', async () => {
    const restart = async (hidden?: string) => {
      for (const node of ['n1', 'n2'] as const) {
        await cluster.kill(node);
        cluster.startNode(node, hidden);
      }
      await cluster.isReady();
    };
    project.write('p.yaml', chain('echo begun >> begun'));
    await restart(project.folder);
    const { code, stderr } = await start().ended;
    expect(stderr).toMatch(/first: node \S+ sees another runs.*\[node-unfit\]/);
    expect(code).toBe(2);
    expect(cluster.ask('squeue', '--noheader')).toBe('');
    // Where no node is idle none is asked.
    const busy = cluster.ask(
      'sbatch',
      '--parsable',
      '--nodes=2',
      '--exclusive',
      '--output=/dev/null',
      '--wrap=sleep 300',
    );
    await expect.poll(() => cluster.ask('squeue', '--noheader', '--states=RUNNING')).not.toBe('');
    const { ended } = start();
    await expect.poll(() => cluster.ask('squeue', '--noheader', '--format=%j')).toContain('-second');
    cluster.ask('scancel', busy.trim());
    const later = await ended;
    expect(later.stderr).toMatch(/first failed: job \d+_0 ended as FAILED \(JobLaunchFailure\)/);
    expect(later.stderr).toContain('nodes have to see runs/');
    expect(later.code).toBe(1);
    await restart();
    // What stands in the way of the script is said by its node, and the rest of the array waits until somebody lets it go.
    project.write(
      'q.yaml',
      `name: many
executor: slurm
slurm: { options: [--exclusive], setup: '[ "$SLURM_ARRAY_TASK_ID" ] && cd() { false; }' }
stages: { cells: { uses: command, seeds: 6, with: { shell: 'echo \${matrix.seed} > $KDPIPE_OUT/data' } } }
`,
    );
    run('run', 'q.yaml', '--detach');
    await expect.poll(() => run('status').stdout).toMatch(/cells +job \d+ +\d tasks +.*\(JobHeld(?:User|Admin)\)/);
    run('cancel');
  });

  it('is told where a node cannot start its job, and goes on once that is mended', async () => {
    const held = await SlurmCluster.start({ settings: [`Prolog=${project.path('prolog.sh')}`] });
    project.writeProgram('prolog.sh', '#!/bin/sh\nexit 1\n');
    project.write('p.yaml', chain('echo begun >> begun'));
    const driver = project.startWith(held.environment, 'run', 'p.yaml');
    let said = '';
    driver.stderr?.on('data', (text: Buffer) => (said += String(text)));
    await expect
      .poll(() => said)
      .toMatch(/first warns: job \d+, with 1 task that wait: .*\(launch failed requeued held\)/);
    project.writeProgram('prolog.sh', '#!/bin/sh\n');
    const job = /warns: job (\d+)/.exec(said)?.[1] ?? '';
    held.ask('scontrol', 'update', 'NodeName=n1,n2', 'State=RESUME');
    held.ask('scontrol', 'release', job);
    await new Promise((resolve) => driver.once('exit', resolve));
    expect(said).toContain('2 ran');
    await held.stop();
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
