import { afterAll, expect, it } from 'vitest';
import { Project } from '../../../support/project.ts';

const project = new Project();
afterAll(() => project.remove());

/** What a program wrote, by file name: all say the same. */
const written = {
  'metrics.json': '{"test": {"accuracy": 0.5, "nll": NaN}}',
  'metrics.yaml': 'test: { accuracy: 0.5, nll: .nan }',
  'metrics.yml': 'test: { accuracy: 0.5, nll: nan }',
  'metrics.csv': 'test.accuracy,test.nll\n,nan\n0.5,\n',
};

it('metrics of every format are read by the built command line, and stand in its tables', () => {
  const stages = Object.entries(written).map(
    ([file, text], at) =>
      `  s${at}: { uses: command, seeds: 1, with: { shell: ${JSON.stringify(`printf '%s' '${text}' > "$KDPIPE_OUT/${file}"`)}, metrics: ${file} } }`,
  );
  const tables = stages.map(
    (_, at) => `  t${at}: { from: s${at}, rows: [seed], columns: [test.accuracy, test.nll], into: T.md }`,
  );
  project.write('p.yaml', ['name: m', 'stages:', ...stages, 'tables:', ...tables, ''].join('\n'));
  project.write('T.md', stages.map((_, at) => `<!-- kdpipe:t${at} -->\n<!-- /kdpipe:t${at} -->\n`).join('\n'));
  const { code, stderr } = project.run('run', 'p.yaml');
  expect(stderr).not.toContain('failed');
  expect(code).toBe(0);
  expect(project.read('T.md').match(/^\| 0 .*$/gm)).toEqual(stages.map(() => '| 0    |        0.5000 |        – |'));
});
