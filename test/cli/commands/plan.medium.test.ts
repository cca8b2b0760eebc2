import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cells, trial } from '../trial.ts';

const fresh = trial({ run: false });

interface Planned {
  readonly pipeline: string;
  readonly cells: readonly Readonly<Record<'cell' | 'stage' | 'kind' | 'status' | 'key', string>>[];
}
const planned = (...words: readonly string[]) => JSON.parse(fresh().run(...words).stdout) as Planned;

describe('kdpipe plan', () => {
  it('prints what kdpipe run -n prints, as text and as JSON', () => {
    for (const flags of [[], ['--json'], ['-S', 'word=bye']]) {
      const plan = fresh().run('plan', 'trial.yaml', ...flags);
      expect(plan).toMatchObject({ code: 0, stderr: '' });
      expect(plan.stdout).toBe(fresh().run('run', '-n', 'trial.yaml', ...flags).stdout);
    }
  });

  it('gives each cell with stage, kind, key and what it needs, those after others last', () => {
    const { pipeline, cells: of } = planned('plan', '--json', 'trial.yaml');
    expect(pipeline).toBe('trial');
    expect(of.map(({ cell }) => cell)).toEqual(cells);
    expect(of[0]).toMatchObject({ stage: 'make', kind: 'command', status: 'run', needs: [], reasons: ['first run'] });
    expect(of[0]?.key).toMatch(/^[0-9a-f]{64}$/);
    // Keys are made of the contents of inputs: before these are there nobody knows them.
    expect(of[2]).toMatchObject({ status: 'unknown', key: null, needs: [cells[0]] });
  });

  it('lists twenty cells of a stage one by one, and counts the rest', () => {
    fresh().write(
      'many.yaml',
      "name: many\nstages:\n  make:\n    uses: command\n    matrix: { size: { from: 1, to: 25, step: 1 } }\n    with: { shell: 'echo ${matrix.size}' }\n",
    );
    const lines = fresh().run('plan', 'many.yaml').stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(1 + 20 + 1 + 1);
    expect(lines[0]).toBe('make: 25 to run');
    expect(lines.slice(-2)).toEqual(['  … and 5 more', '25 cells to run, 0 reused']);
  });

  it('shows the cells of a pipeline with a wrong table, then what is wrong; a run is refused', () => {
    fresh().write('wrong.yaml', fresh().read('trial.yaml').replace('rows: [size]', 'rows: [sise]'));
    const plan = fresh().run('plan', 'wrong.yaml');
    expect(plan.code).toBe(2);
    expect(plan.stdout).toMatch(/\n4 cells to run, 0 reused\n$/);
    expect(plan.stderr).toContain('no cell of table results has "sise" [unknown-row]');
    const checked = fresh().run('check', 'wrong.yaml');
    expect(checked.code).toBe(2);
    expect(checked.stdout).toBe('wrong.yaml: 2 stages, 4 cells; its tables or plots are wrong\n');
    expect(checked.stderr).toContain('did you mean size?');
    const run = fresh().run('run', 'wrong.yaml');
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain('[unknown-row]');
  });

  it('notes what only an override takes from a table, as check does', () => {
    fresh().write('part.yaml', fresh().read('trial.yaml').replace('from: score', 'from: "score[size=2]"'));
    const note = 'note: part.yaml:21:20: score[size=2] names no cell: none has size=2, with -S make.matrix.size=1\n';
    const flags = ['part.yaml', '-S', 'make.matrix.size=1'];
    const plan = fresh().run('plan', ...flags);
    expect(plan).toMatchObject({ code: 0, stderr: note });
    expect(plan.stdout).toMatch(/\n2 cells to run, 0 reused\n$/);
    expect(fresh().run('check', ...flags)).toMatchObject({
      code: 0,
      stdout: 'part.yaml: ok, 2 stages, 2 cells\n',
      stderr: note,
    });
  });

  it('notes a baseline that only an override takes away', () => {
    const compare = ', compare: { baseline: { size: 2 }, on: accuracy } }';
    fresh().write('base.yaml', fresh().read('trial.yaml').replace(', into: README.md }', compare));
    expect(fresh().run('check', 'base.yaml')).toMatchObject({ code: 0, stderr: '' });
    for (const command of ['plan', 'check']) {
      const told = fresh().run(command, 'base.yaml', '-S', 'make.matrix.size=1');
      expect(told.code).toBe(0);
      expect(told.stderr).toMatch(/^note: .*size=2.*, with -S make\.matrix\.size=1\n$/);
    }
    fresh().write('base.yaml', fresh().read('base.yaml').replace('size: 2 }', 'size: 3 }'));
    expect(fresh().run('check', 'base.yaml', '-S', 'make.matrix.size=1').code).toBe(2);
  });

  it('writes nothing', () => {
    expect(existsSync(fresh().path('runs'))).toBe(false);
  });

  it('after a run says what is reused, and why the rest is not', () => {
    expect(fresh().run('run', 'trial.yaml').code).toBe(0);
    expect(fresh().run('plan', 'trial.yaml').stdout).toBe(
      'make: 2 reused\nscore: 2 reused\nnothing to do: 4 cells reused\n',
    );
    fresh().write('trial.yaml', fresh().read('trial.yaml').replace('[1, 2]', '[2, 3]'));
    const changed = fresh().run('plan', 'trial.yaml').stdout;
    expect(changed).toMatch(/^make: 1 to run, 1 reused\n {2}run {4}make\[size=3\]/);
    expect(changed).toMatch(/\n2 cells to run, 2 reused\n$/);
  });
});
