import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Mailbox } from '../../support/mailbox.ts';
import { Project } from '../../support/project.ts';

let project: Project;
let mailbox: Mailbox;
const started: ChildProcess[] = [];
beforeEach(async () => {
  mailbox = await Mailbox.open();
  project = new Project();
});
afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  await mailbox.close();
  project.remove();
});

/** Writes a pipeline of command stages that do not need each other. */
function stages(lines: Readonly<Record<string, string>>): void {
  const all = Object.entries(lines).map(([id, file]) => `  ${id}: { uses: command, with: { run: [sh, ${file}] } }\n`);
  project.write('trial.yaml', `name: trial\nstages:\n${all.join('')}`);
}
/** Writes a script of lines, each of which is shell. */
const script = (name: string, ...lines: readonly string[]) => project.write(name, `${lines.join('\n')}\n`);

/** A command that goes on, and what it has printed so far. */
class Following {
  readonly child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  stdout = '';
  stderr = '';

  constructor(...args: readonly string[]) {
    this.child = project.start(...args);
    started.push(this.child);
    this.child.stdout?.on('data', (bytes: Buffer) => (this.stdout += bytes.toString()));
    this.child.stderr?.on('data', (bytes: Buffer) => (this.stderr += bytes.toString()));
    this.#ended = once(this.child, 'close');
  }

  /** Waits until it has printed a text. */
  async printed(text: string): Promise<void> {
    while (!this.stdout.includes(text)) await once(this.child.stdout ?? this.child, 'data');
  }

  async ended(): Promise<unknown> {
    const [code] = await this.#ended;
    return code;
  }
}

describe('kdpipe logs -f of a stage that runs', () => {
  it('prints what there is, then what is written, each byte once, and ends when the stage does', async () => {
    stages({ one: 'one.sh' });
    script('one.sh', 'echo first', mailbox.sayAndWait('up'), 'echo second', mailbox.sayAndWait('on'), 'echo third');
    const run = new Following('run', 'trial.yaml');
    await mailbox.heard('up');
    const logs = new Following('logs', 'one', '-f');
    await logs.printed('first\n');
    expect(logs.stdout).toBe('first\n');
    mailbox.release();
    await logs.printed('second\n');
    await mailbox.heard('on');
    mailbox.release();
    expect(await logs.ended()).toBe(0);
    expect(logs).toMatchObject({ stdout: 'first\nsecond\nthird\n', stderr: '' });
    expect(await run.ended()).toBe(0);
  });

  it('ends with the stage that it follows, not with the run', async () => {
    stages({ one: 'one.sh', two: 'two.sh' });
    script('one.sh', 'echo of one', mailbox.sayAndWait('one up'));
    script('two.sh', 'echo of two', mailbox.say('two up'), `until [ -e ${project.path('go')} ]; do sleep 0.05; done`);
    const run = new Following('run', 'trial.yaml', '-j', '2');
    await Promise.all([mailbox.heard('one up'), mailbox.heard('two up')]);
    const logs = new Following('logs', 'one', '-f');
    await logs.printed('of one\n');
    mailbox.release();
    expect(await logs.ended()).toBe(0);
    expect(run.child.exitCode).toBeNull();
    project.write('go', '');
    expect(await run.ended()).toBe(0);
  });

  it('waits for a stage that has not begun, and says that it wrote nothing yet', async () => {
    stages({ one: 'one.sh', two: 'two.sh' });
    script('one.sh', mailbox.sayAndWait('up'));
    script('two.sh', 'echo at last');
    const run = new Following('run', 'trial.yaml', '-j', '1');
    await mailbox.heard('up');
    const waiting = JSON.parse(project.run('status', '--json').stdout) as {
      readonly cells: readonly { readonly cell: string; readonly state: string }[];
    };
    const { cell = '' } = waiting.cells.find(({ state }) => state === 'waiting') ?? {};
    const logs = new Following('logs', cell, '-f');
    while (!logs.stderr.includes('\n')) await once(logs.child.stderr ?? logs.child, 'data');
    expect(logs.stderr).toMatch(/^two wrote nothing in run \S+ \(waiting\)\n$/);
    mailbox.release();
    expect(await logs.ended()).toBe(0);
    expect(logs.stdout).toBe('at last\n');
    expect(await run.ended()).toBe(0);
  });

  it('prints the last words of a stage that fails, and ends', async () => {
    stages({ one: 'one.sh' });
    script('one.sh', 'echo first', mailbox.sayAndWait('up'), 'echo sadly >&2', 'exit 7');
    const run = new Following('run', 'trial.yaml');
    await mailbox.heard('up');
    const logs = new Following('logs', 'one', '-f');
    await logs.printed('first\n');
    mailbox.release();
    expect(await logs.ended()).toBe(0);
    expect(logs.stdout).toBe('first\nsadly\n');
    expect(await run.ended()).toBe(1);
  });

  it('prints letters of several bytes whole, and output of any size', async () => {
    stages({ one: 'one.sh' });
    const line = 'größer – 大きい'.repeat(10);
    script('one.sh', `yes '${line}' | head -n 5000`, mailbox.sayAndWait('up'));
    const run = new Following('run', 'trial.yaml');
    await mailbox.heard('up');
    const chunks: Buffer[] = [];
    const logs = new Following('logs', 'one', '-f');
    logs.child.stdout?.on('data', (bytes: Buffer) => chunks.push(bytes));
    mailbox.release();
    expect(await logs.ended()).toBe(0);
    expect(Buffer.concat(chunks).toString() === `${line}\n`.repeat(5000)).toBe(true);
    expect(await run.ended()).toBe(0);
  });

  it('of several cells prints each whole line after the name of its cell, the last one too, and ends with the last of them', async () => {
    project.write(
      'trial.yaml',
      'name: trial\nstages:\n  one: { uses: command, matrix: { file: [a, b], seed: [0, 1] }, with: { run: [sh, "${matrix.file}.sh"] } }\n',
    );
    script('a.sh', 'echo "first of $KDPIPE_SEED"', 'printf "no line feed"');
    script(
      'b.sh',
      'echo begins',
      'printf half',
      `[ $KDPIPE_SEED = 1 ] || ${mailbox.sayAndWait('up')}`,
      'echo " of größer"',
    );
    const run = new Following('run', 'trial.yaml', '-j', '1');
    await mailbox.heard('up');
    const logs = new Following('logs', 'one', '-f');
    await logs.printed('begins\n');
    expect(logs.stdout).not.toContain('seed=0 | half');
    mailbox.release();
    expect(await logs.ended()).toBe(0);
    expect(await run.ended()).toBe(0);
    expect(logs.stderr).toBe('');
    const lines = [0, 1].flatMap((seed) => [
      `one file=a, seed=${seed} | first of ${seed}`,
      `one file=a, seed=${seed} | no line feed`,
      `one file=b, seed=${seed} | begins`,
      `one file=b, seed=${seed} | half of größer`,
    ]);
    expect(logs.stdout.trimEnd().split('\n').sort()).toEqual(lines.sort());
  });

  it('ends with a run that was killed', async () => {
    stages({ one: 'one.sh' });
    script('one.sh', 'echo first', mailbox.sayAndWait('up'));
    const run = new Following('run', 'trial.yaml');
    await mailbox.heard('up');
    const logs = new Following('logs', 'one', '-f');
    await logs.printed('first\n');
    run.child.kill('SIGKILL');
    await run.ended();
    expect(await logs.ended()).toBe(0);
  });

  it('ends when its reader has gone', async () => {
    stages({ one: 'one.sh' });
    script('one.sh', 'echo first', mailbox.sayAndWait('up'), 'echo second', mailbox.sayAndWait('on'));
    const run = new Following('run', 'trial.yaml');
    await mailbox.heard('up');
    const logs = new Following('logs', 'one', '-f');
    await logs.printed('first\n');
    logs.child.stdout?.destroy();
    mailbox.release();
    await mailbox.heard('on');
    await logs.ended();
    expect(logs.stderr).not.toMatch(/EPIPE|Unhandled/);
    mailbox.release();
    expect(await run.ended()).toBe(0);
  });
});

describe('kdpipe logs', () => {
  it('of a run that was killed prints what was written, and does not wait for more', async () => {
    stages({ one: 'one.sh' });
    script('one.sh', 'echo first', mailbox.sayAndWait('up'));
    const run = new Following('run', 'trial.yaml');
    await mailbox.heard('up');
    run.child.kill('SIGKILL');
    await run.ended();
    expect(project.run('logs', 'one')).toMatchObject({ code: 0, stdout: 'first\n' });
  });
});
