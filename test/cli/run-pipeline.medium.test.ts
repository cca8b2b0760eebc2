import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { latestRun, readRun } from '../../src/record/past-runs.ts';
import { Project } from '../support/project.ts';
import { stackTrace } from './trial.ts';

/** Two measured stages, a table of each and one of both. */
const pipeline = (first = 'true', second = 'true'): string => `name: trial
stages:
  one: { uses: command, matrix: { seed: [1] }, with: { shell: '${first}; echo "{ \\"x\\": 0.1 }" > "$KDPIPE_OUT/m.json"', metrics: m.json } }
  two: { uses: command, matrix: { seed: [2] }, with: { shell: '${second}; echo "{ \\"x\\": 0.2 }" > "$KDPIPE_OUT/m.json"', metrics: m.json } }
tables:
  first: { from: one, rows: [seed], columns: [x], into: docs/FIRST.md }
  second: { from: two, rows: [seed], columns: [x], into: docs/SECOND.md }
  both: { from: [one, two], rows: [seed], columns: [x], into: docs/SECOND.md }
`;
const region = (name: string): string => `<!-- kdpipe:${name} -->\n<!-- /kdpipe:${name} -->\n`;

let project: Project;
beforeEach(() => {
  project = new Project({
    'trial.yaml': pipeline(),
    'docs/FIRST.md': region('first'),
    'docs/SECOND.md': `${region('second')}\n${region('both')}`,
  });
});
afterEach(() => project.remove());

const run = (...flags: readonly string[]) => project.run('run', 'trial.yaml', ...flags);
const runFolder = () => latestRun(project.path('runs'), 'trial') ?? '';
const started = () => {
  const [first] = readRun(runFolder()).events;
  return first as Extract<Event, { type: 'run-started' }>;
};
const report = () => project.read(join(runFolder().slice(project.folder.length + 1), 'report.md'));

describe('a run', () => {
  it('writes each table into its file, several into one, and says which', () => {
    const { code, stderr } = run();
    expect(code).toBe(0);
    for (const [table, file] of [
      ['first', 'FIRST'],
      ['second', 'SECOND'],
      ['both', 'SECOND'],
    ])
      expect(stderr).toContain(`table ${table} written to docs/${file}.md`);
    expect(project.read('docs/FIRST.md')).toMatch(/\| 1 +\| +0\.1000/);
    const second = project.read('docs/SECOND.md');
    expect(second.match(/\| 2 +\| +0\.2000/g)).toHaveLength(2);
    expect(second.match(/\| 1 +\| +0\.1000/g)).toHaveLength(1);
  });

  it('says first how it ended, then what is wrong with a table: a failed stage keeps its exit code', () => {
    const wrong = (text: string): string =>
      text.replace('columns: [x], into: docs/FIRST', 'columns: [y], into: docs/FIRST');
    project.write('trial.yaml', wrong(pipeline('true', 'exit 3')));
    const failing = run('--keep-going');
    expect(failing.code).toBe(1);
    expect(failing.stderr).toMatch(/✗ two\[seed=2\][^]*failed after[^]*\[unknown-column\]/);
    expect(project.read('docs/SECOND.md')).toContain(region('second'));
    project.write('trial.yaml', wrong(pipeline()));
    const done = run();
    expect(done.code).toBe(1);
    expect(done.stderr).toMatch(/done in [^]*\[unknown-column\]/);
  });

  it('of which one table or plot is wrong writes the others', () => {
    const lost = 'echo mine > docs/two.svg';
    const plots = `plots:
  one: { from: one, x: seed, y: x, into: docs/one.svg }
  two: { from: two, x: seed, y: x, into: docs/two.svg }
`;
    project.write(
      'trial.yaml',
      `${pipeline(lost).replace('columns: [x], into: docs/FIRST', 'columns: [y], into: docs/FIRST')}${plots}`,
    );
    const { code, stderr } = run();
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^done in [^]*second written[^]*both written[^]*one written[^]*unknown-column[^]*not-a-plot/m,
    );
    expect(project.read('docs/FIRST.md')).toBe(region('first'));
    expect(project.read('docs/SECOND.md')).toContain('0.1000');
    expect(project.read('docs/one.svg')).toContain('<svg');
    expect(project.read('docs/two.svg')).toBe('mine\n');
  });

  it('touches only the files whose tables changed', () => {
    run();
    project.write('trial.yaml', pipeline().replace('0.2', '0.3'));
    const { stderr } = run();
    expect(stderr).toContain('table first unchanged in docs/FIRST.md');
    expect(stderr).toContain('table both written to docs/SECOND.md');
  });

  it('of which a stage fails writes the tables that it does not concern, and leaves the others as they were', () => {
    run();
    const before = project.read('docs/SECOND.md');
    project.write('trial.yaml', pipeline('echo again', 'exit 3').replace('0.1', '0.7'));
    const { code, stderr } = run('-k');
    expect(code).toBe(1);
    expect(stderr).toContain('table first written to docs/FIRST.md');
    expect(project.read('docs/FIRST.md')).toContain('0.7000');
    expect(project.read('docs/SECOND.md')).toBe(before);
  });

  it('of which a stage fails says so first, and ends as that, whatever becomes of its report and tables', () => {
    // A folder in the place of the report, as soon as there is one to put it into; and a table without markers.
    const spoil = 'mkdir runs/trial/$KDPIPE_RUN/report.md; echo gone > docs/FIRST.md';
    project.write('trial.yaml', pipeline(spoil, 'exit 3'));
    const { code, stderr } = run('-k');
    expect(code).toBe(1);
    expect(stderr).toMatch(/✗ two[^]*^failed after [^]*docs\/FIRST\.md[^]*kdpipe:first/m);
    expect(stderr).not.toMatch(/internal error|EISDIR/);
  });

  it('whose report alone cannot be written is done all the same', () => {
    project.write('trial.yaml', pipeline('mkdir runs/trial/$KDPIPE_RUN/report.md'));
    expect(run()).toMatchObject({ code: 0 });
    expect(project.read('docs/FIRST.md')).toContain('0.1000');
  });

  it('leaves a report of its tables, also of those that lack results, and of how the cells of each stage ended', () => {
    project.write('trial.yaml', pipeline('true', 'exit 3'));
    run('-k');
    expect(report()).toMatch(/^\| one +\| 1 finished +\|/m);
    expect(report()).toMatch(/^\| two +\| 1 failed +\|/m);
    const [, , , both = ''] = report().split('\n## ');
    expect(both).toMatch(/^both\n[^]*\| 1 +\| 0\.1000 \|\n\| 2 +\| +– \|\n/);
  });

  it('whose table lost its markers meanwhile ends with what is wrong, and its results are kept', () => {
    project.write('trial.yaml', pipeline('echo gone > docs/FIRST.md'));
    const { code, stderr } = run();
    // Not 2: that says that nothing was started.
    expect(code).toBe(1);
    expect(stderr).toMatch(/^done in [^]*docs\/FIRST\.md[^]*kdpipe:first/m);
    expect(stderr).not.toMatch(stackTrace);
    expect(project.keys()).toHaveLength(2);
    expect(project.read('docs/SECOND.md')).toContain('0.2000');
    project.write('docs/FIRST.md', region('first'));
    expect(run().stderr).toContain('nothing to do: 2 cells reused');
    expect(project.read('docs/FIRST.md')).toContain('0.1000');
  });
});

describe('the record of a run', () => {
  it('has the command as one could type it again', () => {
    run('--force', 'one[seed=1]', '-S', 'seed=1');
    expect(started().command).toBe(`kdpipe run trial.yaml --force 'one[seed=1]' -S 'seed=1'`);
  });

  it('has no commit outside of a repository, and inside one the commit, marked where files differ from it', () => {
    run();
    expect(started().commit).toBeNull();
    const git = (...args: readonly string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
        cwd: project.folder,
        encoding: 'utf8',
      }).trim();
    git('init', '-q');
    project.write('.gitignore', 'runs/\n');
    git('add', '.');
    git('commit', '-qm', 'start');
    const head = git('rev-parse', 'HEAD');
    run('--force', 'one');
    expect(started().commit).toMatch(new RegExp(`^${head.slice(0, 7)}`));
    expect(started().commit).not.toContain('dirty');
    project.write('trial.yaml', `# changed\n${pipeline()}`);
    run('--force', 'one');
    expect(started().commit).toMatch(new RegExp(`^${head.slice(0, 7)}.*dirty`));
  });
});

describe('KDPIPE_THREADS', () => {
  it.each(['', '1', '3'])('may be %j', (threads) => {
    expect(project.runWith({ KDPIPE_THREADS: threads }, 'run', 'trial.yaml')).toMatchObject({ code: 0 });
  });
});

describe('a table that cannot be made', () => {
  it.each<[string, string, string, RegExp]>([
    ['a template that is missing', 'columns: [x], into', 'columns: [x], template: none.hbs, into', /none\.hbs/],
    [
      'published numbers that are missing',
      'columns: [x], into',
      'columns: [x], published: none.yaml, into',
      /none\.yaml/,
    ],
    ['a file in a folder that is a file', 'docs/FIRST.md', 'docs/SECOND.md/T.md', /SECOND\.md\/T\.md/],
    ['a folder in the place of its file', 'docs/FIRST.md', 'docs', /docs/],
  ])('stops the run before it starts: %s', (_, from, to, says) => {
    project.write('trial.yaml', pipeline().replace(from, to));
    const { code, stderr } = run();
    expect(code).toBe(2);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(stackTrace);
    expect(project.keys()).toEqual([]);
  });
});
