import { readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { kdpipe, Project } from '../support/project.ts';
import { sayWithoutSlurm, SlurmCluster } from '../support/slurm-cluster.ts';

/** What an action returns; nothing where it throws. */
const quietly = (action: () => string): string => {
  try {
    return action();
  } catch {
    return '';
  }
};

/** A teacher for each seed, a student of each, and its score; commands, so that it is Slurm that takes its time. */
const sweep = (seeds: number) => `
name: sweep
stages:
  data: { uses: command, with: { shell: 'echo digits > $KDPIPE_OUT/data' } }
  teacher:
    uses: command
    seeds: ${seeds}
    with: { inputs: { data: '\${stages.data}' }, shell: 'echo teacher \${matrix.seed} | tee $KDPIPE_OUT/weights' }
  student:
    uses: command
    matrix: { teacher: ['\${stages.teacher}'] }
    with:
      inputs: { teacher: '\${matrix.teacher}' }
      shell: 'cat $KDPIPE_INPUT_TEACHER/weights > $KDPIPE_OUT/weights; echo student >> $KDPIPE_OUT/weights'
  score:
    uses: command
    matrix: { of: ['\${stages.student}'] }
    with: { inputs: { of: '\${matrix.of}' }, shell: 'wc -l < $KDPIPE_INPUT_OF/weights > $KDPIPE_OUT/lines' }
`;

describe.skipIf(sayWithoutSlurm())('a run on a Slurm cluster', () => {
  let cluster: SlurmCluster;
  let project: Project;
  beforeAll(async () => (cluster = await SlurmCluster.start()));
  afterAll(async () => cluster.stop());
  beforeEach(() => (project = new Project()));
  afterEach(() => project.remove());

  const run = (...args: readonly string[]) => project.runWith(cluster.environment, ...args);
  const submit = (...args: readonly string[]) => run('run', 'p.yaml', '--executor', 'slurm', ...args);
  /** Names of all jobs that the controller has seen, a line each array; without those that ask whether a node can run tasks. */
  const jobs = () => {
    const lines = cluster.ask('squeue', '--states=all', '--noheader', '--format=%F %j').trim().split('\n');
    return new Set(lines.filter((line) => !line.endsWith(' kdpipe-trial')));
  };
  const newJobs = async (action: () => unknown) => {
    const before = jobs();
    await action();
    return [...jobs()].filter((job) => !before.has(job) && job !== '');
  };

  it('is a job array for each stage, and the results are those of a run of this machine', async () => {
    project.write('p.yaml', sweep(3));
    const submitted = await newJobs(() => {
      expect(submit()).toMatchObject({ code: 0, stderr: expect.stringContaining('10 ran') });
    });
    expect(submitted).toHaveLength(4);
    const keys = project.keys();
    expect(keys).toHaveLength(10);
    // All is there, so that nothing is submitted.
    expect(await newJobs(() => submit())).toEqual([]);
    const local = new Project({ 'p.yaml': sweep(3) });
    local.run('run', 'p.yaml');
    expect(local.keys()).toEqual(keys);
    local.remove();
    expect(run('status').stdout).toMatch(/score\s+3\s+3 finished/);
    expect(run('logs', 'teacher[seed=1]').stdout).toBe('teacher 1\n');
  });

  it('runs several cells in each task where they are packed', () => {
    project.write('p.yaml', `slurm: { pack: 2 }\n${sweep(3)}`);
    expect(submit()).toMatchObject({ code: 0, stderr: expect.stringContaining('10 ran') });
    const [name = ''] = readdirSync(project.path('runs/sweep'));
    const files = (array: string) => readdirSync(project.path(`runs/sweep/${name}/arrays/${array}`));
    for (const array of ['teacher', 'student', 'score'])
      expect(files(array).filter((file) => /^\d+\.json$/.test(file))).toHaveLength(2);
    expect(run('logs', 'teacher[seed=2]').stdout).toBe('teacher 2\n');
  });

  it('says how a stage failed, and what was skipped because of that', () => {
    project.write('p.yaml', sweep(2).replace('echo teacher ', 'echo sadly; exit 3; echo '));
    const { code, stderr } = submit('-k');
    expect(code).toBe(1);
    expect(stderr).toContain('teacher[seed=0] failed: the command exited with code 3');
    expect(stderr).toContain('| sadly');
    expect(stderr).toContain('student[teacher=teacher[seed=1]] skipped: it needs teacher[seed=1]');
    expect(stderr).toContain('1 ran, 2 failed, 4 skipped');
  });

  it('ends in the queue what is not needed any more after a failure', () => {
    project.write('p.yaml', sweep(2).replace('echo teacher ', 'exit ${matrix.seed}; echo '));
    const { code, stderr } = submit();
    expect(code).toBe(1);
    expect(stderr).toMatch(/2 ran, 1 failed, 4 skipped|3 ran, 1 failed, 3 skipped|4 ran, 1 failed, 2 skipped/);
  });

  it('goes on without the process that submitted it, and the next one finds it: nothing is submitted twice', async () => {
    project.write('p.yaml', sweep(2).replace('echo digits', 'sleep 2; echo digits'));
    const submitted = await newJobs(async () => {
      const driver = project.startWith(cluster.environment, 'run', 'p.yaml', '--executor', 'slurm');
      const script = () => {
        const [name = ''] = readdirSync(project.path('runs/sweep'));
        return project.read(`runs/sweep/${name}/arrays/teacher/job`);
      };
      await expect.poll(() => quietly(script)).not.toBe('');
      driver.kill('SIGKILL');
      await new Promise((resolve) => driver.once('exit', resolve));
      const { code, stderr } = submit();
      expect(stderr).toContain('7 ran');
      expect(code).toBe(0);
    });
    expect(submitted).toHaveLength(4);
    expect(readdirSync(project.path('runs/sweep')).filter((name) => name.endsWith('.json'))).toEqual(['last.json']);
  });

  it('is left once it is submitted, where that is asked for', async () => {
    project.write('p.yaml', sweep(2));
    const { code, stderr } = submit('--detach');
    expect(code).toBe(0);
    expect(stderr).toMatch(/run \S+ goes on in the queue/);
    await expect.poll(() => project.keys().length).toBe(7);
    // Nobody has followed it: what nodes have written tells all the same.
    expect(run('status').stdout).toMatch(/in the queue of Slurm[^]*score\s+2\s+2 finished/);
    expect(submit()).toMatchObject({ code: 0, stderr: expect.stringContaining('7 ran') });
  });

  it('is followed to its end by whoever attaches, and by one process alone', async () => {
    project.write('p.yaml', `executor: slurm\n${sweep(2).replace('echo digits', 'sleep 3; echo digits')}`);
    // Also where the pipeline says that it runs there, no process is left behind.
    expect(run('run', 'p.yaml', '--detach').stderr).toMatch(/run \S+ goes on in the queue/);
    const first = project.startWith(cluster.environment, 'attach');
    const told: string[] = [];
    first.stderr?.on('data', (text: Buffer) => told.push(String(text)));
    const ended = new Promise((resolve) => first.once('exit', resolve));
    await expect.poll(() => told.join('')).toContain('goes on, followed by process');
    const second = run('attach');
    expect(second).toMatchObject({ code: 0, stderr: expect.stringContaining('7 ran') });
    expect(await ended).toBe(0);
    expect(told.join('')).toContain('7 ran');
    expect(run('status').stdout).toContain('done after');
  });

  it('is done by workers in an allocation where its own jobs are held', () => {
    project.write('p.yaml', `slurm: { options: [--hold] }\n${sweep(3)}`);
    submit('--detach');
    expect(run('status').stdout).toMatch(/student +job \d+ +3 tasks +it is held \(JobHeldUser\): scontrol release/);
    const step = `srun --output=${project.path('%t.txt')} node ${kdpipe} worker`;
    cluster.ask('sbatch', '--wait', '--ntasks=2', `--chdir=${project.folder}`, '--output=/dev/null', `--wrap=${step}`);
    expect(project.read('0.txt')).toMatch(/tasks? done, nothing is left/);
    const { stderr, code } = run('attach');
    expect(stderr).toContain('10 ran');
    expect(code).toBe(0);
    expect(cluster.ask('squeue', '--noheader')).toBe('');
  });

  it('is cancelled, with all that waits', async () => {
    project.write('p.yaml', sweep(2).replace('echo digits', 'sleep 1000; echo digits'));
    submit('--detach');
    await expect.poll(() => run('status').stdout).toMatch(/data\s+1\s+1 running/);
    expect(run('cancel')).toMatchObject({ code: 0, stderr: expect.stringContaining('4 job arrays cancelled') });
    expect(run('status').stdout).toMatch(/interrupted after/);
    await expect.poll(() => cluster.ask('squeue', '--noheader')).toBe('');
    expect(project.keys()).toEqual([]);
  });

  it('refuses before anything is submitted what no node can satisfy, and unknown partitions', async () => {
    project.write('p.yaml', sweep(1).replace('  teacher:', '  teacher:\n    resources: { memory: 9999999 }'));
    expect(
      await newJobs(() => {
        const { code, stderr } = submit();
        expect(code).toBe(2);
        expect(stderr).toContain('[slurm-refused]');
        expect(stderr).toContain('teacher: Slurm refuses');
      }),
    ).toEqual([]);
    expect(project.keys()).toEqual([]);
  });
});
