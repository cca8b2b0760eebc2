import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { kdpipe, Project, type Ended } from '../support/project.ts';

/** Two makers that read a parameter, a variable, a file and a folder; a score of each; a table of their own making. */
const text = `name: trial
params: { word: hello, unread: 1 }
stages:
  make:
    uses: command
    matrix: { size: [1, 2] }
    with:
      shell: 'cat "$KDPIPE_INPUT_WORDS" "$KDPIPE_INPUT_PAGES"/* > "$KDPIPE_OUT/x"; echo \${params.word} \${env.TONE:-low} \${matrix.size} >> "$KDPIPE_OUT/x"'
      inputs: { words: words.txt, pages: pages }
      outputs: { x: x }
  score:
    uses: command
    matrix: { of: ["\${stages.make}"] }
    with:
      shell: 'echo "{ \\"length\\": $(wc -c < "$KDPIPE_INPUT_OF") }" > "$KDPIPE_OUT/metrics.json"'
      inputs: { of: "\${matrix.of.x}" }
      metrics: metrics.json
tables:
  results: { from: score, rows: [size], columns: [length], template: own.hbs, published: others.yaml, into: README.md }
`;
const files = {
  'trial.yaml': text,
  'words.txt': 'some words\n',
  'pages/one.txt': 'page one\n',
  'own.hbs': '{{#each rows}}{{#each labels}}{{text}}: {{/each}}{{#each values}}{{mark this}}{{/each}}\n{{/each}}',
  'others.yaml': '- { row: { size: 9 }, columns: { length: 99 }, source: a paper }\n',
};
const readme = '# Trial\n\n<!-- kdpipe:results -->\n<!-- /kdpipe:results -->\n';

let project: Project;
let table: string;
/** Folders of results, by cell. */
let results: ReadonlyMap<string, string>;
const run = (...flags: readonly string[]) => project.run('run', 'trial.yaml', ...flags);
/** Writes one of the project's files anew. */
const edit = (file: keyof typeof files, from: string, to: string) => project.write(file, files[file].replace(from, to));

/** The folder of a cell's result when the project is settled. */
const resultOf = (cell: string): string => results.get(cell) ?? '';

const notes = 'runs/.store/.settled';
/** A number that no plan would find. */
const lie = 777;

/** Makes every note lie about its cells: whoever says 777 has not looked. */
function plantLies(of = project): void {
  for (const name of readdirSync(of.path(notes))) {
    const note = JSON.parse(of.read(join(notes, name))) as object;
    of.write(join(notes, name), JSON.stringify({ ...note, cells: lie }));
  }
}

/** Puts the project back to where it started and settled, whatever was done to it. */
function settle(): void {
  for (const [path, content] of Object.entries(files)) project.write(path, content);
  project.write('README.md', table);
  expect(run()).toMatchObject({ code: 0 });
  plantLies();
}

beforeAll(() => {
  project = new Project({ ...files, 'README.md': readme });
  expect(run()).toMatchObject({ code: 0 });
  table = project.read('README.md');
  const events = run('--json').stdout.trimEnd().split('\n');
  const cells = events.map((line) => JSON.parse(line) as { readonly cell?: string; readonly key?: string });
  results = new Map(cells.map(({ cell = '', key = '' }) => [cell, join('runs/.store', key.slice(0, 2), key)]));
});
afterAll(() => project.remove());
beforeEach(settle);

const idle = /^nothing to do: 4 cells reused/;
const recalled = /^nothing to do: 777 cells reused/;
const tableWritten = /nothing to do: 4 cells reused.*\ntable results written to README\.md/;

/** What is done to a settled project, and what the next run says then. */
type Change = readonly [title: string, change: () => Ended, says: RegExp];

const after = (change: () => void) => () => {
  change();
  return run();
};

describe('a run of a settled project answers without planning', () => {
  it.each<Change>([
    ['when nothing has changed', run, recalled],
    ['with another -j, and with -k', () => run('-j', '1', '-k'), recalled],
    [
      'when a variable is set that the plan does not read',
      () => project.runWith({ TUNE: '1' }, 'run', 'trial.yaml'),
      recalled,
    ],
    ['when its file is named in another way', () => project.run('run', './pages/../trial.yaml'), recalled],
    ['when a file is written that nothing reads', after(() => project.write('notes.txt', 'x')), recalled],
    ['when a source is written again as it was', after(() => project.write('words.txt', files['words.txt'])), recalled],
    ['when a page gets another date', after(() => utimesSync(project.path('pages/one.txt'), 1, 1)), recalled],
  ])('%s', (_, change, says) => {
    const { code, stdout, stderr } = change();
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(says);
    expect(stderr).toContain('table results unchanged in README.md');
  });
});

describe('a run of a settled project plans, and finds that nothing has to run', () => {
  it.each<Change>([
    ['after a comment', after(() => project.write('trial.yaml', `# new\n${text}`)), idle],
    ['after a parameter that nothing reads', after(() => edit('trial.yaml', 'unread: 1', 'unread: 2')), idle],
    [
      'after a default was spelt out',
      after(() => edit('trial.yaml', 'metrics: metrics.json', 'metrics: metrics.json\n      seed: 0')),
      idle,
    ],
    [
      'when a variable is set to what it was by default',
      () => project.runWith({ TONE: 'low' }, 'run', 'trial.yaml'),
      idle,
    ],
    ['when such a variable is set to nothing', () => project.runWith({ TONE: '' }, 'run', 'trial.yaml'), idle],
    ['when -S says what the file says', () => run('-S', 'word=hello'), idle],
    ['after words were added outside of the table', after(() => project.write('README.md', `${table}\nEnd.\n`)), idle],
    [
      'after a number of the table was edited',
      after(() => project.write('README.md', table.replace('1: ', '1: 1'))),
      tableWritten,
    ],
    ['after the table was emptied', after(() => project.write('README.md', readme)), tableWritten],
    ['after the template changed', after(() => edit('own.hbs', '\n{{/each}}', ';\n{{/each}}')), tableWritten],
    ['after a published number changed', after(() => edit('others.yaml', '99', '98')), tableWritten],
    ['for a part of the cells', () => run('--only', 'make'), /^nothing to do: 2 cells reused/],
  ])('%s', (_, change, says) => {
    const before = project.keys();
    const { code, stderr } = change();
    expect(code).toBe(0);
    expect(stderr).toMatch(says);
    expect(project.keys()).toEqual(before);
  });

  it('after the page of its table was lost: it is made', () => {
    rmSync(project.path('README.md'));
    const { code, stderr } = run();
    expect({ code }).toEqual({ code: 0 });
    expect(stderr).toMatch(tableWritten);
    expect(project.read('README.md')).toContain('<!-- kdpipe:results -->');
  });

  it('when it shall tell its events', () => {
    const { code, stdout } = run('--json');
    const types = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(code).toBe(0);
    expect(types).toEqual(['run-started', ...new Array<string>(4).fill('stage-reused'), 'run-finished']);
  });

  it('when it shall only say what would run', () => {
    expect(run('-n').stdout).toMatch(/^nothing to do: 4 cells reused$/m);
  });
});

describe('a run of a settled project runs what has to run', () => {
  /** A word that no test before has used: older results would be found again. */
  let fresh = 0;
  beforeEach(() => fresh++);

  it.each<Change>([
    ['after a parameter changed', after(() => edit('trial.yaml', 'hello', `hello${fresh}`)), /: 4 ran/],
    ['when -S changes a parameter', () => run('-S', `word=hello${fresh}`), /: 4 ran/],
    [
      'when a variable that it reads is set',
      () => project.runWith({ TONE: `t${fresh}` }, 'run', 'trial.yaml'),
      /: 4 ran/,
    ],
    ['after a source changed', after(() => project.write('words.txt', `words ${fresh}\n`)), /: 4 ran/],
    ['after a page was added', after(() => project.write('pages/two.txt', `${fresh}`)), /: 4 ran/],
    ['for a cell that it is forced to run', () => run('--force', 'make[size=2]'), /: 1 ran, 3 reused/],
    [
      'after an output was removed from the store',
      after(() => rmSync(project.path(`${resultOf('make[size=2]')}/x`))),
      /: 1 ran, 3 reused/,
    ],
    [
      'after a result was removed',
      after(() => rmSync(project.path(resultOf('score[of=make[size=1]]')), { recursive: true })),
      /: 1 ran, 3 reused/,
    ],
    [
      'after a manifest was emptied',
      after(() => project.write(join(resultOf('make[size=2]'), 'manifest.json'), '')),
      /: 1 ran, 3 reused/,
    ],
    [
      'after the store was moved away',
      after(() => rmSync(project.path('runs/.store'), { recursive: true })),
      /: 4 ran/,
    ],
  ])('%s', (_, change, says) => {
    const { code, stderr } = change();
    expect(code).toBe(0);
    expect(stderr).toMatch(says);
    rmSync(project.path('pages/two.txt'), { force: true });
  });

  it('after a source got other words of the same length and the date that it had', () => {
    const path = project.path('words.txt');
    const { atime, mtime } = statSync(path);
    project.write('words.txt', files['words.txt'].replace('some', 'SOME'));
    utimesSync(path, atime, mtime);
    expect(run().stderr).toMatch(/: 4 ran/);
  });
});

describe('a run of a settled project says what is wrong', () => {
  it.each<readonly [string, string, RegExp]>([
    ['words.txt', 'a source', /words\.txt.*missing-source/s],
    ['pages', 'a folder of sources', /pages.*missing-source/s],
    ['own.hbs', 'a template', /own\.hbs/],
    ['others.yaml', 'the published numbers', /others\.yaml/],
    ['trial.yaml', 'the pipeline itself', /there is no file trial\.yaml/],
  ])('when %s is gone: %s', (file, _, says) => {
    rmSync(project.path(file), { recursive: true });
    const { code, stderr } = run();
    expect(code).toBe(2);
    expect(stderr).toMatch(says);
  });
});

describe('two requests for one file', () => {
  it('do not take each other’s answer: an overridden one leaves the table alone, which the other finds', () => {
    const other = () => run('-S', 'word=farewell');
    const left = 'left as it was, as -S may change it: table results in README.md';
    expect(other().stderr).toContain(left);
    plantLies();
    expect(other().stderr).toMatch(recalled);
    expect(other().stderr).toContain(left);
    expect(run().stderr).toMatch(recalled);
    expect(run('-S', 'word=farewell', '--report').stderr).toContain('table results written');
    expect(run().stderr).toMatch(tableWritten);
    expect(project.read('README.md')).toBe(table);
  });

  it('from another folder: sources and results are those of that folder', () => {
    const elsewhere = new Project({ ...files, 'README.md': readme, 'words.txt': 'others\n' });
    try {
      const there = () => elsewhere.run('run', project.path('trial.yaml'), '--trust');
      expect(there().stderr).toMatch(/: 4 ran/);
      expect(there().stderr).toMatch(idle);
      expect(run().stderr).toMatch(recalled);
    } finally {
      elsewhere.remove();
    }
  });
});

describe('a settled project that has been copied or moved', () => {
  it('plans anew in the copy, reuses what was copied, and sees what is changed there', () => {
    const copy = new Project();
    try {
      cpSync(project.folder, copy.folder, { recursive: true, preserveTimestamps: true });
      expect(copy.run('run', 'trial.yaml').stderr).toMatch(idle);
      plantLies(copy);
      expect(copy.run('run', 'trial.yaml').stderr).toMatch(recalled);
      copy.write('words.txt', 'words of the copy\n');
      expect(copy.run('run', 'trial.yaml').stderr).toMatch(/: 4 ran/);
    } finally {
      copy.remove();
    }
  });

  it('takes a copy of the store in its place for what it is: other files', () => {
    const store = project.path('runs/.store');
    cpSync(store, project.path('kept'), { recursive: true, preserveTimestamps: true });
    rmSync(store, { recursive: true });
    renameSync(project.path('kept'), store);
    expect(run().stderr).toMatch(idle);
  });

  it('plans anew under another name', () => {
    const moved = new Project();
    moved.remove();
    const home = project.folder;
    renameSync(home, moved.folder);
    try {
      expect(moved.run('run', 'trial.yaml').stderr).toMatch(idle);
    } finally {
      renameSync(moved.folder, home);
    }
  });
});

describe('another build of kdpipe', () => {
  it('plans anew, because it may plan otherwise', () => {
    const build = new Project();
    try {
      const root = dirname(dirname(dirname(kdpipe)));
      for (const part of ['dist', 'schemas', 'package.json', 'src/report/templates'])
        cpSync(join(root, part), build.path(part), { recursive: true, preserveTimestamps: true });
      symlinkSync(join(root, 'node_modules'), build.path('node_modules'));
      const cli = [build.path('dist/cli/main.js'), 'run', 'trial.yaml'];
      const options = { cwd: project.folder, encoding: 'utf8', env: { ...process.env, CI: '1' } } as const;
      expect(run().stderr).toMatch(recalled);
      expect(spawnSync('node', cli, options).stderr).toMatch(idle);
      expect(run().stderr).toMatch(idle);
    } finally {
      build.remove();
    }
  });
});
