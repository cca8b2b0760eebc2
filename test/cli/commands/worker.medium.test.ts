import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { idleSlurm } from '../../support/idle-slurm.ts';
import { Mailbox } from '../../support/mailbox.ts';
import { Project } from '../../support/project.ts';

/** Teachers, and a student of each; each cell notes that it ran. */
const sweep = (teachers: number, more = '', shell = '') => `
name: sweep
executor: slurm
stages:
  teacher:
    uses: command
    seeds: ${teachers}
    ${more}
    with: { cwd: ., shell: '${shell} echo t\${matrix.seed} >> ran; echo \${matrix.seed} > $KDPIPE_OUT/weights' }
  student:
    uses: command
    matrix: { teacher: ['\${stages.teacher}'] }
    with:
      cwd: .
      inputs: { teacher: '\${matrix.teacher}' }
      shell: 'echo s$(cat $KDPIPE_INPUT_TEACHER/weights) >> ran; echo > $KDPIPE_OUT/weights'
`;

let project: Project;
let environment: ReturnType<typeof idleSlurm>;
beforeEach(() => {
  project = new Project();
  environment = idleSlurm(project);
});
afterEach(() => project.remove());

const run = (...args: readonly string[]) => project.runWith(environment, ...args);
const submit = (pipeline: string, ...args: readonly string[]) => {
  project.write('p.yaml', pipeline);
  expect(run('run', 'p.yaml', '--detach', ...args)).toMatchObject({ code: 0 });
};
const start = () => {
  const child = project.startWith(environment, 'worker');
  let said = '';
  child.stderr?.on('data', (text: Buffer) => (said += String(text)));
  return { child, ended: once(child, 'exit').then(([code]) => ({ code: code as number | null, said })) };
};
const ran = () => project.read('ran').trim().split('\n').sort();

describe('kdpipe worker', () => {
  it('does all that a queue does not start, two at once, and nothing twice', async () => {
    submit(sweep(5));
    expect(run('status').stdout).toMatch(/teacher +job 1 +5 tasks +it is held \(JobHeldUser\): scontrol release 1/);
    const ends = await Promise.all([start().ended, start().ended]);
    for (const { code, said } of ends) {
      expect(said).toMatch(/tasks? done, nothing is left/);
      expect(code).toBe(0);
    }
    const done = ends.map(({ said }) => Number(/(\d+) tasks? done/.exec(said)?.[1]));
    expect(done.reduce((sum, tasks) => sum + tasks, 0)).toBe(10);
    expect(ran()).toEqual([...Array(5).keys()].flatMap((at) => [`s${at}`, `t${at}`]).sort());
    expect(run('attach')).toMatchObject({ code: 0, stderr: expect.stringContaining('10 ran') });
    // Jobs that wait for what is done are not needed any more.
    expect(project.read('cancelled')).toBe('--state=PENDING 1 2\n');
    // Whatever starts all the same finds that it is done.
    const [name = ''] = readdirSync(project.path('runs/sweep'));
    expect(run('task', `runs/sweep/${name}/arrays/student`, '0').code).toBe(0);
    expect(ran()).toHaveLength(10);
  });

  it('saves and gives back what it runs when its time is over', async () => {
    const mailbox = await Mailbox.open();
    project.write('a.sh', `[ -e begun ] && exit\ntouch begun\n${mailbox.sayAndWait('up')}\n`);
    submit(sweep(1, '', 'sh a.sh;'));
    const { child, ended } = start();
    await mailbox.heard('up');
    child.kill('SIGUSR1');
    expect(await ended).toMatchObject({ code: 0, said: expect.stringContaining('0 tasks done, stopped, 2 left') });
    await mailbox.close();
    expect(await start().ended).toMatchObject({
      code: 0,
      said: expect.stringContaining('2 tasks done, nothing is left'),
    });
    expect(ran()).toEqual(['s0', 't0']);
  });

  it('starts nothing new after a failure, unless the run keeps going', async () => {
    submit(sweep(2, '', 'exit ${matrix.seed};'));
    expect(await start().ended).toMatchObject({
      code: 1,
      said: expect.stringContaining('1 task done, 1 failed, 2 left'),
    });
    expect(run('attach').stderr).toContain('1 ran, 1 failed, 2 skipped');
    submit(sweep(2, '', 'exit ${matrix.seed}; '), '-k');
    expect((await start().ended).said).toContain('2 tasks done, 2 failed, nothing is left');
  });

  it('leaves what asks for more than there is', async () => {
    submit(sweep(1, 'resources: { gpu: 1 }'));
    environment = { ...environment, ...{ KDPIPE_GPUS: '' } };
    expect((await start().ended).said).toContain('0 tasks done, 2 left, 1 of which ask for more than there is here');
  });
});
