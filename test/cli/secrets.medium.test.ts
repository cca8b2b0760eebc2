import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { latestRun } from '../../src/record/past-runs.ts';
import { Project } from '../support/project.ts';

const token = 'hf_0123456789"quoted';
const password = 'correct-horse';

let project: Project;
beforeEach(() => {
  project = new Project({
    'study.yaml': `name: study
params: { who: "\${env.LOGIN_TOKEN}" }
stages:
  good:
    uses: command
    with:
      run: [sh, -c, 'echo "$1 $DB_PASSWORD"; printf "{\\"x\\": 1, \\"said\\": \\"%s\\"}" "$DB_PASSWORD" > "$KDPIPE_OUT/m.json"', sh, "\${params.who}"]
      env: { DB_PASSWORD: ${password} }
      metrics: m.json
  bad: { uses: command, with: { run: [sh, -c, 'echo "$1" >&2; exit 3', sh, "\${params.who}"] } }
tables:
  results: { from: good, rows: [metrics], columns: [x, said], into: README.md }
`,
  });
});
afterEach(() => project.remove());

/** Files below a folder with their texts. */
const texts = (folder: string): readonly (readonly [string, string])[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath, item.name))
    .map((path) => [path, readFileSync(path, 'latin1')] as const);

it('secrets of a pipeline stand in no record, result, log, table or line of the terminal, and nobody else may read what is near them', () => {
  const run = project.runWith({ LOGIN_TOKEN: token }, 'run', 'study.yaml', '--keep-going');
  expect(run.code).toBe(1);
  const folder = latestRun(project.path('runs'), 'study') ?? '';
  const shown = [
    run.stderr,
    run.stdout,
    project.runWith({ LOGIN_TOKEN: token }, 'run', '-n', 'study.yaml').stdout,
    project.runWith({ LOGIN_TOKEN: `${token}-new` }, 'why', 'good').stdout,
    project.run('show', 'good').stdout,
    project.run('logs', 'good').stdout,
  ];
  expect(shown[3]).toContain('a secret changed');
  // What the stage itself writes as its result is its own.
  const files = texts(project.folder).filter(([path]) => !path.endsWith('study.yaml') && !path.endsWith('m.json'));
  for (const secret of [token, JSON.stringify(token).slice(1, -1), password]) {
    for (const text of shown) expect(text).not.toContain(secret);
    expect(files.filter(([, text]) => text.includes(secret)).map(([path]) => path)).toEqual([]);
  }
  expect(project.read('README.md')).toContain('\\*\\*\\*');
  const modes = texts(folder)
    .filter(([path]) => /plan\.json|events\.ndjson|log\.txt/.test(path))
    .map(([path]) => statSync(path).mode & 0o777);
  expect(modes.length).toBeGreaterThanOrEqual(4);
  expect(new Set(modes)).toEqual(new Set([0o600]));
  expect(files.some(([path, text]) => path.endsWith('log.txt') && text.includes('*** ***'))).toBe(true);
});
