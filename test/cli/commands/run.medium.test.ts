import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../../../src/core/event.ts';
import { latestRun, readRun } from '../../../src/record/past-runs.ts';
import { Mailbox } from '../../support/mailbox.ts';
import { Project } from '../../support/project.ts';
import { cells, pipeline, readme, stackTrace } from '../trial.ts';

let project: Project;
beforeEach(() => (project = new Project({ 'trial.yaml': pipeline, 'README.md': readme })));
afterEach(() => project.remove());

const run = (...flags: readonly string[]) => project.run('run', 'trial.yaml', ...flags);
const eventsOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);

/** Cells by what a run did with them. */
function done(...flags: readonly string[]): Readonly<Record<'ran' | 'reused', readonly string[]>> {
  const { code, stdout, stderr } = run('--json', ...flags);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const cellsOf = (type: Event['type']) =>
    eventsOf(stdout)
      .flatMap((event) => (event.type === type && 'cell' in event ? [event.cell] : []))
      .sort();
  return { ran: cellsOf('stage-finished'), reused: cellsOf('stage-reused') };
}

/** Stages that have nothing to do with each other, each a line of shell. */
function independent(lines: Readonly<Record<string, string>>): void {
  const stages = Object.entries(lines).map(
    ([id, shell]) => `  ${id}:\n    uses: command\n    with: { shell: ${JSON.stringify(shell)} }\n`,
  );
  project.write('trial.yaml', `name: trial\nstages:\n${stages.join('')}`);
}

describe('kdpipe run', () => {
  it('says how it goes on standard error, and leaves standard output alone', () => {
    const { code, stdout, stderr } = run();
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    for (const cell of cells) expect(stderr).toContain(`${cell} `);
    expect(stderr).toContain('table results written to README.md');
    expect(run()).toMatchObject({ code: 0, stdout: '' });
  });

  it('with -n says what would run and touches nothing', () => {
    const preview = run('-n');
    expect(preview).toMatchObject({ code: 0, stderr: '' });
    expect(preview.stdout).toMatch(/^make: 2 to run\n {2}run {4}make\[size=1\] {2}\(first run\)\n/);
    expect(preview.stdout).toMatch(/\n4 cells to run, 0 reused\n$/);
    expect(existsSync(project.path('runs'))).toBe(false);
    expect(project.read('README.md')).toBe(readme);
  });

  it('with --json tells every event on standard output, the same as the record keeps', () => {
    const { stdout } = run('--json');
    const events = eventsOf(stdout);
    expect(events[0]).toMatchObject({ type: 'run-started', cells: 4, command: 'kdpipe run trial.yaml --json' });
    expect(events.at(-1)).toMatchObject({ type: 'run-finished', status: 'done', failed: 0, skipped: 0 });
    expect(events).toEqual(readRun(latestRun(project.path('runs'), 'trial') ?? '').events);
  });

  it('runs what is selected, and only that', () => {
    expect(run('--only', 'score')).toMatchObject({ code: 2 });
    expect(done('--to', 'score[of=make[size=1]]').ran).toEqual([cells[0], cells[2]]);
    expect(done('--only', 'make')).toEqual({ ran: [cells[1]], reused: [cells[0]] });
    expect(done('-S', 'word=bye', '--from', 'make[size=2]').ran).toEqual([cells[1], cells[3]]);
    expect(done().ran).toEqual([cells[3]]);
    expect(done('--force', 'make[size=1]', '--only', 'make')).toEqual({ ran: [cells[0]], reused: [cells[1]] });
  });

  it('writes a table only when every cell of it has a result', () => {
    expect(done('--to', 'score[of=make[size=1]]').ran).toHaveLength(2);
    expect(project.read('README.md')).toBe(readme);
    run();
    expect(project.read('README.md')).toMatch(/\| 1 +\| +0\.1000/);
  });

  it('sweeps a parameter that -S gives several values', () => {
    const { cells: planned } = JSON.parse(run('-n', '--json', '-S', 'size=3,4,5').stdout) as {
      cells: readonly { cell: string }[];
    };
    const makers = planned.filter(({ cell }) => cell.startsWith('make['));
    expect(makers.map(({ cell }) => cell)).toEqual(['make[size=3]', 'make[size=4]', 'make[size=5]']);
  });

  it.each([
    ['an unknown selector', ['--only', 'mak'], /there is no stage "mak" \[unknown-stage\][^]*did you mean make\?/],
    ['an unknown override', ['-S', 'wrd=1'], /wrd[^]*word/],
    ['no number of jobs', ['-j', '0'], /expected a whole number of at least 1/],
  ])('refuses %s with exit 2, before anything ran', (_, flags, message) => {
    const { code, stdout, stderr } = run(...flags);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(existsSync(project.path('runs'))).toBe(false);
  });

  it.each(['0', 'many', '1.5'])('refuses KDPIPE_THREADS=%s with exit 2', (threads) => {
    const { code, stderr } = project.runWith({ KDPIPE_THREADS: threads }, 'run', 'trial.yaml');
    expect(code).toBe(2);
    expect(stderr).toContain(`KDPIPE_THREADS is "${threads}" [bad-environment]`);
  });

  it('refuses a table whose file has no markers before it runs anything', () => {
    project.write('README.md', '# Trial\n');
    const { code, stderr } = run();
    expect(code).toBe(2);
    expect(stderr).toContain('README.md');
    expect(existsSync(project.path('runs'))).toBe(false);
  });
});

describe('kdpipe run -j', () => {
  it('1 runs one stage at a time', () => {
    const alone = `mkdir "${project.path('busy')}" && rmdir "${project.path('busy')}"`;
    independent({ a: `${alone} # a`, b: `${alone} # b`, c: `${alone} # c` });
    expect(done('-j', '1').ran).toEqual(['a', 'b', 'c']);
  });

  it('2 runs two at once', () => {
    const [a, b] = [project.path('a'), project.path('b')];
    const meet = (mine: string, other: string) => `touch "${mine}"; until [ -e "${other}" ]; do :; done`;
    independent({ a: meet(a, b), b: meet(b, a) });
    expect(done('-j', '2').ran).toEqual(['a', 'b']);
  });
});

describe('a stage that fails', () => {
  beforeEach(() => {
    const broken = pipeline.replace(
      'echo "making ${matrix.size}"',
      'test ${matrix.size} = 1 || { echo sadly; exit 7; }',
    );
    project.write('trial.yaml', broken);
  });

  it('ends the run with exit 1, and is told with its last lines, without a stack trace', () => {
    const { code, stdout, stderr } = run('-j', '1');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('the command exited with code 7');
    expect(stderr).toContain('sadly');
    expect(stderr).not.toMatch(stackTrace);
    expect(project.read('README.md')).toBe(readme);
  });

  it('lets all go on with -k that does not need it', () => {
    const events = eventsOf(run('-k', '--json').stdout);
    const states = events.flatMap((event) =>
      'cell' in event && /finished|failed|skipped/.test(event.type) ? [`${event.cell} ${event.type}`] : [],
    );
    expect(states.sort()).toEqual([
      `${cells[0]} stage-finished`,
      `${cells[1]} stage-failed`,
      `${cells[2]} stage-finished`,
      `${cells[3]} stage-skipped`,
    ]);
  });
});

describe('Ctrl-C', () => {
  it('ends the run with exit 130, keeps no half result, and the next run completes', async () => {
    const mailbox = await Mailbox.open();
    try {
      const go = project.path('go');
      independent({ a: `echo half > "$KDPIPE_OUT/x"; [ -e "${go}" ] || ${mailbox.sayAndWait('up')}`, b: 'true' });
      const child = project.start('run', 'trial.yaml', '-j', '1');
      let said = '';
      child.stderr?.on('data', (bytes: Buffer) => (said += bytes.toString()));
      await mailbox.heard('up');
      child.kill('SIGINT');
      const [code] = (await once(child, 'close')) as [number | null];
      expect(code).toBe(130);
      expect(said).toContain('interrupted');
      expect(said).not.toMatch(stackTrace);
      project.write('go', '');
      expect(done().ran).toContain('a');
      expect(readFileSync(project.path('go'), 'utf8')).toBe('');
    } finally {
      await mailbox.close();
    }
  });
});
