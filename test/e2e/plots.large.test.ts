import { statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from '../support/project.ts';

/** A grid of ratios, two methods and two seeds, on a few digits; the student alone is a level line. */
const text = `name: grid
defaults:
  train-teacher: { epochs: 1, batch_size: 32 }
  distill-student: { epochs: 1, batch_size: 32 }
stages:
  digits:
    uses: dataset
    with: { source: mnist-digits, limit: { train: 64, val: 32, test: 64 } }
  teacher:
    uses: train-teacher
    with: { data: "\${stages.digits}", model: convnet8 }
  alone:
    uses: train-teacher
    seeds: 2
    with: { data: "\${stages.digits}", model: convnet8 }
  student:
    uses: distill-student
    matrix: { teacher: ["\${stages.teacher}"], kd_method: [SoftTarget, DKD], kd_ratio: [0.2, 0.5, 0.8] }
    seeds: 2
    with: { data: "\${stages.digits}", model: convnet8 }
  score:
    uses: evaluate
    matrix: { of: ["\${stages.alone}", "\${stages.student}"] }
    with: { data: "\${stages.digits}" }
plots:
  ratio:
    from: score
    x: kd_ratio
    y: test.accuracy
    series: kd_method
    baseline: { kd_method: none }
    into: plots/ratio.svg
tables:
  all: { from: score, rows: [model, kd_method, kd_ratio], columns: [test.accuracy, test.images], published: others.yaml }
`;
const others =
  '- { row: { kd_method: DKD, kd_ratio: 0.2, teacher.model: convnet8 }, columns: { test.accuracy: 0.5 }, source: a paper }\n';

let project: Project;
beforeAll(() => {
  project = new Project({ 'grid.yaml': text, 'others.yaml': others });
  const { code, stderr } = project.run('run', 'grid.yaml');
  if (code !== 0) throw new Error(stderr);
});
afterAll(() => project.remove());

/** The numbers that the marks of a kind name, as screen readers say them. */
const marks = (kind: string): readonly string[] =>
  [
    ...project
      .read('plots/ratio.svg')
      .matchAll(/aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="([^"]*)"/g),
  ]
    .filter(([, , role]) => role === kind)
    .map(([, label = '']) => label);

describe('a table of the grid', () => {
  it('shows a published number under ours, judged by our seeds and the images that were evaluated', () => {
    const { rows } = JSON.parse(project.run('report', 'grid.yaml', '--format', 'json').stdout) as {
      rows: { origin: string; labels: { text: string }[]; values: ({ mean: number } & Record<string, unknown>)[] }[];
    };
    const at = rows.findIndex(({ origin }) => origin === 'published');
    const [ours, theirs] = [rows[at - 1], rows[at]];
    expect(ours?.labels.map(({ text: label }) => label)).toEqual(['convnet8', 'DKD', '0.2']);
    expect(ours?.values[1]?.mean).toBe(64);
    expect(theirs?.values[0]).toMatchObject({
      mean: 0.5,
      difference: {
        mean: expect.closeTo((ours?.values[0]?.mean ?? NaN) - 0.5, 12) as number,
        noise: ['runs', 'images'],
        images: 64,
      },
    });
  });
});

describe('a grid of ratios', () => {
  it('is drawn at the end of the run, with the means that the table shows', () => {
    const rows = JSON.parse(project.run('report', 'grid.yaml', '--format', 'json').stdout) as {
      rows: { origin: string; labels: { name: string; text: string }[]; values: { mean: number }[] }[];
    };
    const label = (row: (typeof rows.rows)[number], name: string) =>
      row.labels.find((one) => one.name === name)?.text ?? '';
    const expected = rows.rows
      .filter((row) => row.origin === 'this run' && label(row, 'kd_ratio') !== 'none')
      .map((row) => [
        `kd_ratio: ${label(row, 'kd_ratio')}`,
        row.values[0]?.mean,
        `kd_method: ${label(row, 'kd_method')}`,
      ]);
    const drawn = marks('point').map((mark) => {
      const [ratio, accuracy = '', method] = mark.split('; ');
      const number = Number(accuracy.replace('test.accuracy: ', ''));
      return [ratio, expect.closeTo(number, 9) as number, method];
    });
    expect(expected).toHaveLength(6);
    expect([...expected].sort()).toEqual([...drawn].sort());
    expect(marks('text mark')).toEqual([expect.stringContaining('label: convnet8')]);
  });

  it('is checked, and drawn anew where it was changed', () => {
    expect(project.run('report', '--check', 'grid.yaml')).toMatchObject({ code: 0 });
    const before = project.read('plots/ratio.svg');
    project.write('plots/ratio.svg', before.replace(/test.accuracy: 0\.\d/, 'test.accuracy: 0.99'));
    const checked = project.run('report', '--check', 'grid.yaml');
    expect(checked.code).toBe(3);
    expect(checked.stdout).toContain('plots/ratio.svg: plot ratio differs from the results');
    const again = project.run('run', 'grid.yaml');
    expect(again.stderr).toMatch(/nothing to do: .*\nplot ratio written to plots\/ratio\.svg/);
    expect(project.read('plots/ratio.svg').split('\n').slice(2)).toEqual(before.split('\n').slice(2));
  });

  it('is left alone by a run with nothing to do', () => {
    project.run('run', 'grid.yaml');
    const { mtimeMs } = statSync(project.path('plots/ratio.svg'));
    const { code, stderr } = project.run('run', 'grid.yaml');
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^nothing to do: .*\nplot ratio unchanged in plots\/ratio\.svg/) as string,
    });
    expect(statSync(project.path('plots/ratio.svg')).mtimeMs).toBe(mtimeMs);
  });

  it('is refused before anything runs where a row has no ratio', () => {
    project.write('bad.yaml', text.replace('    baseline: { kd_method: none }\n', ''));
    const { code, stderr } = project.run('check', 'bad.yaml');
    expect(code).toBe(2);
    expect(stderr).toContain('kd_ratio is not a number in the row kd_method=none');
  });
});
