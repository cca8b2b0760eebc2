import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listRuns } from '../../../src/record/past-runs.ts';
import { findSides } from '../../../src/cli/compare/sides.ts';
import { historyOf } from '../../../src/project/history.ts';
import { openProject } from '../../../src/project/project.ts';
import { commitNamed, planRevision } from '../../../src/project/revision.ts';
import { Project } from '../../support/project.ts';

/** Two methods of two seeds, whose accuracies follow from a number of the file. */
const pipeline = (bonus: number): string => `name: study
params: { bonus: ${bonus} }
stages:
  student:
    uses: command
    matrix: { method: [AT, MGD] }
    seeds: 2
    with:
      shell: |
        case $METHOD in AT) base=7$KDPIPE_SEED ;; MGD) base=8$((KDPIPE_SEED * 3)) ;; esac
        value=$((base + \${params.bonus}))
        printf '{ "val": { "accuracy": 0.%s }, "test": { "accuracy": 0.%s } }' $value $((value - 2)) > "$KDPIPE_OUT/metrics.json"
      env: { METHOD: "\${matrix.method}" }
      outputs: { metrics: metrics.json }
      metrics: metrics.json
tables:
  results: { from: student, rows: [method], columns: [val.accuracy, test.accuracy] }
`;

let project: Project;
const ask = (...words: readonly string[]) => project.run(...words);
const json = (...words: readonly string[]): unknown => {
  const { code, stdout, stderr } = ask(...words, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
};
const runs = (): readonly string[] => listRuns(project.path('runs'), 'study');
const git = (...words: readonly string[]) =>
  project.runProgram('git', '-c', 'user.name=a', '-c', 'user.email=a@b.c', ...words);

beforeAll(() => {
  project = new Project({ 'study.yaml': pipeline(0), '.gitignore': 'runs/\n' });
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'as it was');
  expect(ask('run', 'study.yaml')).toMatchObject({ code: 0 });
  project.write('study.yaml', pipeline(1));
  expect(ask('run', 'study.yaml')).toMatchObject({ code: 0 });
});
afterAll(() => project.remove());

describe('kdpipe compare', () => {
  it('of two rows names the parameters that differ, and metrics with the interval of their difference', () => {
    const { code, stdout, stderr } = ask('compare', 'student[method=MGD]', 'student[method=AT]');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^A {2}student\[method=MGD\] +run \S+$/m);
    expect(stdout).toMatch(/^env +\{"METHOD":"MGD"\} +\{"METHOD":"AT"\}$/m);
    // Differences of 0.10 and 0.12, of two seeds: 0.11 ± 12.706 · 0.01.
    expect(stdout).toMatch(
      /^val\.accuracy +0\.8250 ± 0\.0212 \(n=2\) +0\.7150 ± 0\.0071 \(n=2\) +\+0\.1100 +\[-0\.0171, \+0\.2371\] +p=0\.058$/m,
    );
    expect(stdout).toContain('by a t-test paired by seed');
    expect(
      json('compare', 'student[method=MGD,seed=1]', 'student[method=AT,seed=1]', '--metric', 'test.accuracy'),
    ).toMatchObject({
      parameters: [{ name: 'env' }],
      metrics: [
        { name: 'test.accuracy', a: { mean: 0.82, n: 1 }, difference: { method: 'none', low: null }, verdict: null },
      ],
    });
  });

  it('of two runs says what changed, and compares rows; a pipeline is its latest run', () => {
    const [before = '', now = ''] = runs();
    const found = json('compare', before, 'study');
    expect(found).toMatchObject({
      a: { run: before },
      b: { run: now },
      parameters: [{ stage: 'student', name: 'shell', cells: 4 }],
      onlyA: [],
      rows: [
        { row: 'method=AT', metrics: [{ name: 'val.accuracy' }, { name: 'test.accuracy' }] },
        { row: 'method=MGD' },
      ],
      same: 0,
    });
    expect(ask('compare', before, 'study').stdout).toMatch(/^student +shell +….*\+ 0\)\).* {2}….*\+ 1\)\).* 4 cells$/m);
    expect(ask('compare', `${before}:student[method=AT]`, 'student[method=AT]').stdout).toContain('-0.0100');
  });

  it('of a run and a commit plans the file as it was there, with the results that are there for it', () => {
    expect(json('compare', 'HEAD', 'study')).toMatchObject({
      a: { run: 'HEAD', said: expect.stringMatching(/^study\.yaml at [0-9a-f]{12}, with/) },
      parameters: [{ name: 'shell' }],
      rows: [{ row: 'method=AT', metrics: [{ a: { n: 2 } }, {}] }, {}],
    });
    // Overrides are those of the commit's plan: with them it is what the run did.
    const overridden = ask('compare', 'study', 'HEAD', '-S', 'bonus=1');
    expect(overridden).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('2 rows of the same results on both sides'),
    });
  });

  it.each([
    ['student', 'study', [], 'student names cells that differ in more than their seeds'],
    ['study', 'student[method=AT]', [], 'study is a run, student[method=AT] is cells'],
    ['HEAD', 'HEAD', [], 'HEAD is a commit, HEAD is a commit'],
    ['study', 'studi', [], 'studi names no run, no cell and no commit'],
    ['study', 'study', ['bonus=2'], '-S has no meaning here'],
    ['study:nothing', 'study', [], 'there is no stage "nothing"'],
  ])('refuses %s beside %s', async (one, other, overrides, message) => {
    const sides = findSides(openProject(project.folder), [one, other], overrides.length > 0 ? overrides : undefined);
    await expect(sides).rejects.toThrow(message);
  });

  it('refuses a metric that neither side has', () => {
    expect(ask('compare', 'study', 'HEAD', '--metric', 'val.acuracy')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/neither side has a metric called val\.acuracy[^]*val\.accuracy/),
    });
  });

  it('refuses a commit that has no such file', async () => {
    const commit = (await commitNamed(project.folder, 'HEAD')) ?? '';
    await expect(planRevision('later.yaml', commit, { cwd: project.folder })).rejects.toThrow(
      /commit [0-9a-f]{12} has no file later\.yaml/,
    );
  });
});

describe('kdpipe best', () => {
  it('ranks rows by validation, seeds together, and says how sure the order is', () => {
    const { code, stdout, stderr } = ask('best', '--by', 'val.accuracy', '--run', 'study');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^1 +student +method=MGD +0\.8250 ± 0\.0212 \(n=2\)$/m);
    expect(stdout).toMatch(
      /^2 +student +method=AT +0\.7150 ± 0\.0071 \(n=2\) +-0\.1100 +\[-0\.2371, \+0\.0171\] +p=0\.058$/m,
    );
    expect(stdout).toMatch(/^best: 'student\[method=MGD,seed=0\]' 'student\[method=MGD,seed=1\]'$/m);
  });

  it('warns when it is to choose by test, and names what to choose by', () => {
    const { code, stdout, stderr } = ask('best', '--by', 'test.accuracy', '--run', 'study', '--json');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^warning: test\.accuracy is of the test split: .* choose by val\.accuracy, and report test\.accuracy of what was chosen$/m,
    );
    expect(JSON.parse(stdout)).toMatchObject({
      warnings: [expect.any(String)],
      best: { rank: 1, row: 'method=MGD', n: 2 },
    });
  });

  it('refuses a metric that nothing has', () => {
    expect(ask('best', '--by', 'val.acuracy', '--among', 'student[method=AT]')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/called val\.acuracy[^]*did you mean val\.accuracy/),
    });
  });
});

describe('kdpipe history', () => {
  it('lists results of a cell over runs: key, what changed, metrics; what was reused is counted or named', () => {
    project.write('study.yaml', pipeline(0));
    // Another run that has nothing to do would leave no record.
    for (const _ of [1, 2])
      expect(ask('run', 'study.yaml', '--force', 'student[method=AT,seed=0]')).toMatchObject({ code: 0 });
    const { code, stdout, stderr } = ask('history', 'student[method=AT,seed=1]', '--metric', 'test.accuracy');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [head, ...lines] = stdout.trimEnd().split('\n');
    expect(head).toBe('student[method=AT,seed=1]');
    const at = /^ {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/.source;
    expect(lines).toEqual([
      expect.stringMatching(
        new RegExp(`${at} {2}[0-9a-f]{12} {2}finished +\\S+ s +test\\.accuracy 0\\.69 +first run$`),
      ),
      expect.stringMatching(/ finished +\S+ s +test\.accuracy 0\.7 +params\.shell .*\+ 0.* → .*\+ 1/),
      expect.stringMatching(/ reused, reused in 1 run +test\.accuracy 0\.69 +params\.shell .*\+ 1.* → .*\+ 0/),
    ]);
    const keys = lines.map((line) => line.split(/ {2,}/)[2]);
    expect(keys[2]).toBe(keys[0]);
    expect(json('history', 'student')).toMatchObject({ pipeline: 'study', runs: 4, cells: [{}, {}, {}, {}] });
  });

  it('shows what failed, and refuses a stage that no run has', () => {
    project.write('study.yaml', pipeline(0).replace('printf', 'exit 3; printf'));
    expect(ask('run', 'study.yaml', '-k')).toMatchObject({ code: 1 });
    const { results } = historyOf(openProject(project.folder), 'student[method=MGD,seed=0]').cells[0] ?? {};
    expect(results?.at(-1)).toMatchObject({ state: 'failed', failure: { message: expect.stringContaining('3') } });
    expect(() => historyOf(openProject(project.folder), 'studnet')).toThrow(
      /no run of study has a stage or cell called studnet/,
    );
  });
});
