import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Project } from '../support/project.ts';

/** A teacher for each seed, a student of each. */
const sweep = (seeds: number, teacher = 'true') => `
name: sweep
executor: command
command:
  submit: echo "$KDPIPE_JOB $KDPIPE_JOB_CPU" >> submitted.txt; ./queue.sh submit
  status: '[ ! -e down ] && ./queue.sh status'
  cancel: ./queue.sh cancel
stages:
  teacher:
    uses: command
    seeds: ${seeds}
    resources: { cpu: 2 }
    with: { shell: 'echo ran >> trace; echo teacher \${matrix.seed} | tee $KDPIPE_OUT/weights; ${teacher}' }
  student:
    uses: command
    matrix: { teacher: ['\${stages.teacher}'] }
    with: { inputs: { teacher: '\${matrix.teacher}' }, shell: 'cat $KDPIPE_INPUT_TEACHER/weights > $KDPIPE_OUT/weights' }
`;

/** The one of the README, for background processes. */
const [, queue = ''] = /^```bash\n(#!.*?^esac\n)```/ms.exec(readFileSync('README.md', 'utf8')) ?? [];

describe('a run on a queue that three command lines reach', () => {
  let project: Project;
  beforeEach(() => {
    project = new Project();
    project.writeProgram('queue.sh', queue);
  });
  afterEach(() => {
    for (const job of jobs()) project.runProgram('./queue.sh', 'cancel', job);
    project.remove();
  });

  /** What the queue calls the jobs that it has had. */
  const jobs = () =>
    readdirSync(project.folder, { recursive: true, encoding: 'utf8' }).flatMap((path) =>
      path.endsWith('/handle') ? (/^\d+/.exec(project.read(path))?.[0] ?? []) : [],
    );
  const statuses = () => project.runProgram('./queue.sh', 'status', ...jobs());
  const lines = (file: string) => {
    try {
      return project.read(file).trim().split('\n');
    } catch {
      return [];
    }
  };
  const submitted = () => lines('submitted.txt').length;

  it('submits each task once what it needs is there, and its results are those of a run of this machine', () => {
    project.write('p.yaml', sweep(3));
    const { code, stderr } = project.run('run', 'p.yaml');
    expect(stderr).toContain('6 ran');
    expect(code).toBe(0);
    expect(submitted()).toBe(6);
    expect(project.read('submitted.txt')).toMatch(/^kdpipe-[a-z0-9-]+ 2$/m);
    expect(project.run('logs', 'teacher[seed=1]').stdout).toBe('teacher 1\n');
    const local = new Project({ 'p.yaml': sweep(3) });
    local.run('run', 'p.yaml', '--executor', 'local');
    expect(local.keys()).toEqual(project.keys());
    local.remove();
    expect(project.run('run', 'p.yaml', '--no-report')).toMatchObject({ code: 0 });
    expect(submitted()).toBe(6);
  });

  it('says how a stage failed, and tries again as often as the stage says', () => {
    project.write('p.yaml', sweep(2, 'exit 3').replace('seeds: 2', 'seeds: 2\n    retry: 1'));
    const { code, stderr } = project.run('run', 'p.yaml', '-k');
    expect(code).toBe(1);
    expect(stderr).toContain('teacher[seed=0] failed: the command exited with code 3');
    expect(stderr).toContain('2 failed, 2 skipped');
    expect(submitted()).toBe(4);
  });

  it('keeps few jobs in the queue where that is asked for', () => {
    const busy = 'mkdir busy && sleep 0.3 && rmdir busy';
    project.write('p.yaml', sweep(3, busy).replace('command:', 'command:\n  jobs: 1'));
    expect(project.run('run', 'p.yaml')).toMatchObject({ code: 0, stderr: expect.stringContaining('6 ran') });
  });

  it('is cancelled, with its jobs, which save what they have', async () => {
    project.write('p.yaml', sweep(2, 'trap "echo saved > saved; exit" TERM; touch up; sleep 1000 & wait'));
    const driver = project.start('run', 'p.yaml');
    const ended = new Promise((resolve) => driver.once('exit', resolve));
    await expect.poll(() => readdirSync(project.folder)).toContain('up');
    expect(project.run('cancel')).toMatchObject({ code: 0 });
    expect(await ended).toBe(130);
    expect(project.read('saved')).toBe('saved\n');
    expect(project.run('status').stdout).toMatch(/interrupted after/);
    await expect.poll(statuses).toMatch(/^(\d+ ended\n)+$/);
    expect(project.keys()).toEqual([]);
  });

  it('goes on without its process, and the next one finds the jobs: nothing is submitted twice', async () => {
    project.write('p.yaml', sweep(2, 'until [ -e go ]; do sleep 0.1; done'));
    const driver = project.start('run', 'p.yaml');
    // The run hears that they run a moment after they do.
    await expect.poll(() => project.run('status').stdout).toMatch(/2 running/);
    driver.kill('SIGKILL');
    await new Promise((resolve) => driver.once('exit', resolve));
    expect(project.run('status').stdout).toMatch(/2 running/);
    const next = project.start('run', 'p.yaml');
    const ended = new Promise((resolve) => next.once('exit', resolve));
    await expect
      .poll(() => readdirSync(project.path('runs/sweep')).filter((name) => name.includes('Z-')))
      .toHaveLength(2);
    project.write('go', '');
    expect(await ended).toBe(0);
    expect(submitted()).toBe(4);
    expect(lines('trace')).toHaveLength(2);
    // What the job wrote for the dead process stands in the record of the one that lived to see it.
    expect(project.run('logs', 'teacher[seed=1]').stdout).toBe('teacher 1\n');
  });

  it('finds a job whose submitter died before it heard what the job is called', async () => {
    project.write('p.yaml', sweep(1));
    const slow = queue.replace('echo \\$!', 'touch asked; sleep 3; echo \\$!');
    project.writeProgram('queue.sh', slow);
    const driver = project.start('run', 'p.yaml');
    await expect.poll(() => readdirSync(project.folder)).toContain('asked');
    driver.kill('SIGKILL');
    await new Promise((resolve) => driver.once('exit', resolve));
    expect(project.run('run', 'p.yaml')).toMatchObject({ code: 0 });
    expect(submitted()).toBe(2);
    expect(lines('trace')).toHaveLength(1);
  });

  it('ends the jobs of a process that has died', async () => {
    project.write('p.yaml', sweep(2, 'sleep 1000'));
    const driver = project.start('run', 'p.yaml');
    await expect.poll(() => lines('trace').length).toBe(2);
    driver.kill('SIGKILL');
    await new Promise((resolve) => driver.once('exit', resolve));
    expect(project.run('cancel')).toMatchObject({ code: 0, stderr: expect.stringContaining('2 jobs cancelled') });
    await expect.poll(statuses).toMatch(/^(\d+ ended\n){2}$/);
  });

  it('concludes nothing while the queue does not answer, and tells of a job that has vanished once it does', async () => {
    project.write('p.yaml', sweep(1, 'touch up; sleep 1000'));
    project.write('down', '');
    const driver = project.start('run', 'p.yaml');
    const told: string[] = [];
    driver.stderr?.on('data', (text: Buffer) => told.push(String(text)));
    const ended = new Promise((resolve) => driver.once('exit', resolve));
    await expect.poll(() => readdirSync(project.folder)).toContain('up');
    await expect.poll(jobs).toHaveLength(1);
    const [job = ''] = jobs();
    process.kill(-Number(job), 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 7000));
    expect(driver.exitCode).toBeNull();
    rmSync(project.path('down'));
    expect(await ended).toBe(1);
    expect(told.join('')).toContain(`job ${job} has ended, and left no word of how`);
  });

  it.each([
    ['exit 4', 'submit ended with 4'],
    ['echo job 7', 'submit did not say what the job is called: job 7'],
    ['no-such-program', 'submit ended with 127'],
  ])('says what submit lacks: %s', (submit, message) => {
    project.write('p.yaml', sweep(1).replace('./queue.sh submit', submit));
    const { code, stderr } = project.run('run', 'p.yaml');
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).toContain('[not-submitted]');
  });

  it('needs command lines', () => {
    project.write('p.yaml', sweep(1).replace(/^command:\n( .*\n)+/m, ''));
    const { code, stderr } = project.run('run', 'p.yaml');
    expect(code).toBe(2);
    expect(stderr).toContain('[no-commands]');
  });
});
