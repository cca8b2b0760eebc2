import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { latestRun, readRun } from '../../../src/record/past-runs.ts';
import { Mailbox } from '../../support/mailbox.ts';
import { Project } from '../../support/project.ts';

let project: Project;
let mailbox: Mailbox;
beforeEach(async () => {
  mailbox = await Mailbox.open();
  project = new Project({ 'p.yaml': 'name: p\nstages:\n  a: { uses: command, with: { run: [sh, a.sh] } }\n' });
});
afterEach(async () => {
  await mailbox.close();
  project.remove();
});

const script = (...lines: readonly string[]) => project.write('a.sh', `${lines.join('\n')}\n`);
/** The process of the latest run. */
const runner = (): number => {
  const [first] = readRun(latestRun(project.path('runs'), 'p') ?? '').events;
  return first?.type === 'run-started' ? (first.process?.pid ?? 0) : 0;
};

describe('kdpipe run --detach', () => {
  it('comes back when the run has begun, and attach shows it to its end', async () => {
    script(mailbox.sayAndWait('up'), 'echo done');
    const { code, stderr } = project.run('run', 'p.yaml', '--detach');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^run \S+ goes on by itself: kdpipe attach shows it, kill -INT \d+ ends it in order/);
    await mailbox.heard('up');
    const attached = project.start('attach');
    let said = '';
    attached.stderr?.on('data', (text: Buffer) => (said += text.toString()));
    while (!said.includes('a started')) await once(attached.stderr ?? attached, 'data');
    mailbox.release();
    expect(await once(attached, 'close')).toEqual([0, null]);
    expect(said).toMatch(/a finished[^]*done in .*: 1 ran[^]*what it printed: .*output\.txt/);
    const folder = latestRun(project.path('runs'), 'p') ?? '';
    await expect.poll(() => existsSync(`${folder}/output.txt`)).toBe(true);
    expect(readdirSync(project.path('runs/.detached'))).toEqual([]);
  });

  it('does not end with whom it was started by, and ends in order by kill -INT', async () => {
    script("trap 'echo saved > saved; exit 1' TERM", mailbox.say('up'), 'while :; do sleep 0.01; done');
    project.run('run', 'p.yaml', '--detach');
    await mailbox.heard('up');
    process.kill(runner(), 'SIGHUP');
    process.kill(runner(), 'SIGINT');
    expect(project.run('attach').code).toBe(130);
    expect(project.read('saved')).toBe('saved\n');
  });

  it('tells what a run says that does not begin, and its exit code', () => {
    script('true');
    expect(project.run('run', 'none.yaml', '--detach')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no file none.yaml') as string,
    });
    project.run('run', 'p.yaml');
    expect(project.run('run', 'p.yaml', '--detach')).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^nothing to do/m) as string,
    });
  });
});

describe('kdpipe attach', () => {
  it('ends with 1 for a run that failed, and for one that was killed', async () => {
    script('exit 3');
    project.run('run', 'p.yaml');
    expect(project.run('attach', 'p')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('failed after') as string,
    });
    script(mailbox.sayAndWait('up'));
    project.run('run', 'p.yaml', '--detach');
    await mailbox.heard('up');
    process.kill(runner(), 'SIGKILL');
    expect(project.run('attach')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('ended without a word') as string,
    });
    mailbox.release();
  });

  it('leaves the run alone on Ctrl-C', async () => {
    script(mailbox.sayAndWait('up'));
    project.run('run', 'p.yaml', '--detach');
    await mailbox.heard('up');
    const attached = project.start('attach');
    await once(attached.stderr ?? attached, 'data');
    attached.kill('SIGINT');
    expect(await once(attached, 'close')).toEqual([0, null]);
    mailbox.release();
    // Not run(): the mailbox answers from this process.
    expect(await once(project.start('attach'), 'close')).toEqual([0, null]);
  });
});
