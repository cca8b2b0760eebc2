import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kdpipe, Project } from '../../support/project.ts';

let project: Project;
beforeAll(async () => {
  project = new Project({ 'empty/note.txt': '' });
  for (const [label, colour] of ['#d03020', '#2040c0'].entries())
    for (let i = 0; i < 10; i++) {
      const create = { width: 40, height: 36, channels: 3, background: colour } as const;
      project.write(`pictures/class${label}/${i}.png`, await sharp({ create }).png().toBuffer());
    }
});
afterAll(() => project.remove());

const flags = [
  '--data',
  'pictures',
  '--teacher',
  'convnet8',
  '--student',
  'convnet4',
  '--image-size',
  '28',
  '--seeds',
  '2',
];

describe('kdpipe init', () => {
  it('writes a study of the folder’s images that runs as it stands, to its table', () => {
    const made = project.run('init', 'colours.yaml', ...flags, '--method', 'SoftTarget,AT', '--epochs', '2');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toContain('20 images of 2 classes, 36 pixels: image_size 28');
    expect(made.stdout).toMatch(
      /^colours.yaml: 15 cells; its table will stand in colours.md; about \d+ (s|min) here$/m,
    );
    expect(made.stdout).toContain('.gitignore: runs/ added');
    expect(project.read('.gitignore')).toBe('runs/\n');
    expect(project.run('check', 'colours.yaml')).toMatchObject({ code: 0 });
    expect(project.run('run', 'colours.yaml')).toMatchObject({ code: 0 });
    const rows = project.read('colours.md').match(/^\| convnet.*\|$/gm) ?? [];
    expect(
      rows.map((row) =>
        row
          .split('|')
          .slice(1, 4)
          .map((cell) => cell.trim()),
      ),
    ).toEqual([
      ['convnet8', 'none', 'none'],
      ['convnet4', 'none', 'none'],
      ['convnet4', 'SoftTarget', '9'],
      ['convnet4', 'AT', '1000'],
    ]);
  });

  it('gives each of two students its own baseline, and AT no ratio that means nothing to it', () => {
    const made = project.run(
      ...['init', 'two.yaml', ...flags, '--student', 'convnet16', '--method', 'SoftTarget,AT', '--ratio', '0.5'],
      ...['--epochs', '1'],
    );
    expect(made.stdout).toContain('AT is tried with kd_ratio 1000: of AT it is the weight itself');
    expect(project.run('run', 'two.yaml')).toMatchObject({ code: 0 });
    const rows = (project.read('two.md').match(/^\| convnet.*\|$/gm) ?? []).map((row) =>
      row.split('|').map((cell) => cell.trim()),
    );
    expect(rows.map((row) => row.slice(1, 4).join(' '))).toEqual([
      'convnet8 none none',
      'convnet4 none none',
      'convnet16 none none',
      'convnet4 SoftTarget 0.5',
      'convnet16 SoftTarget 0.5',
      'convnet4 AT 1000',
      'convnet16 AT 1000',
    ]);
    const accuracyOf = (row: readonly string[]): number => parseFloat((row[5] ?? '').replace('**', ''));
    for (const row of rows.slice(3)) {
      const alone = rows.find(([, model, method]) => model === row[1] && method === 'none') ?? [];
      expect(parseFloat(row[7] ?? '')).toBeCloseTo(accuracyOf(row) - accuracyOf(alone), 3);
    }
    expect(rows.slice(0, 3).map((row) => row[7])).toEqual(['', '', '']);
  });

  it('asks nothing where there is no terminal: digits, and networks that suit them', () => {
    expect(project.run('init')).toMatchObject({ code: 0 });
    expect(project.read('pipelines/study.yaml')).toContain('source: mnist-digits');
    expect(project.run('run', '-n', 'pipelines/study.yaml').stdout).toContain('21 cells to run');
  });

  /** Runs init on a terminal on which all answers were typed ahead: it keeps them. What the terminal showed. */
  const answered = (file: string, answers: readonly string[]) => {
    const script = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("node", ["node", ${JSON.stringify(kdpipe)}, "init", ${JSON.stringify(file)}])
os.write(terminal, ${JSON.stringify(answers.map((answer) => `${answer}\n`).join(''))}.encode())
seen = b""
try:
    while True:
        part = os.read(terminal, 1024)
        if not part: break
        seen += part
except OSError: pass
os.waitpid(pid, 0)
sys.stdout.buffer.write(seen)
`;
    return spawnSync('python3', ['-c', script], { cwd: project.folder, encoding: 'utf8', timeout: 240_000 }).stdout;
  };
  const hasTerminal = () => spawnSync('python3', ['-c', 'import pty']).status === 0;

  it('asks on a terminal', (context) => {
    if (!hasTerminal()) context.skip('needs python3 for a terminal');
    // Folder, teacher, students, methods, seeds, epochs.
    const shown = answered('asked.yaml', ['pictures', 'convnet8', 'convnet4', 'AT SP', '', '2']);
    expect(shown).toContain('Teacher? [resnet20]');
    expect(project.read('asked.yaml')).toContain('image_size: 32');
    expect(project.read('asked.yaml')).toMatch(/kd_method: \[AT, SP\]/);
    expect(project.read('asked.yaml')).toMatch(/seeds: 3\n/);
  });

  it('says what is wrong with an answer, and asks again', (context) => {
    if (!hasTerminal()) context.skip('needs python3 for a terminal');
    const answers = ['absent', 'pictures', 'convnet9', 'convnet8', 'convnet4', 'AP', 'AT', 'two', '0', '2', '1'];
    const shown = answered('again-asked.yaml', answers);
    expect(shown).toMatch(/absent cannot be read[^]*Folder with the images\? /);
    expect(shown).toMatch(/"convnet9" is not one of the models; did you mean [^]*Teacher\? /);
    expect(shown).toMatch(/"AP" is not one of the methods[^]*Methods\? /);
    expect(shown.match(/expected a whole number of at least 1\r?\n[^]*?Seeds\? \[3\]/g)).toHaveLength(2);
    expect(project.read('again-asked.yaml')).toMatch(/seeds: 2\n/);
  });

  it.each([
    ['a file that is there', ['pictures.yaml'], /pictures\.yaml already exists/],
    [
      'a model that is none',
      ['x.yaml', '--teacher', 'resnet500'],
      /"resnet500" is not one of the models[^]*did you mean/,
    ],
    ['a method that is none', ['x.yaml', '--method', 'SoftTargets'], /"SoftTargets" is not one of the methods/],
    ['a folder without images', ['x.yaml', '--data', 'empty'], /empty holds no known dataset/],
    ['a folder that is not there', ['x.yaml', '--data', 'absent'], /absent cannot be read/],
    ['a ratio of 0', ['x.yaml', '--ratio', '0.5,0'], /numbers above 0/],
  ])('refuses %s, and writes nothing', (_, args, message) => {
    project.write('pictures.yaml', 'mine');
    const ended = project.run('init', ...args);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(message);
    expect(existsSync(project.path('x.yaml'))).toBe(false);
    expect(project.read('pictures.yaml')).toBe('mine');
  });

  it('overwrites when it is told to, and keeps what stands beside the table', () => {
    project.write('again.yaml', 'old');
    project.write('again.md', 'My words.\n');
    expect(project.run('init', 'again.yaml', '--force', ...flags)).toMatchObject({ code: 0 });
    expect(project.read('again.yaml')).toContain('name: again');
    expect(project.read('again.md')).toMatch(/^My words\.\n\n<!-- kdpipe:results -->/);
  });
});
