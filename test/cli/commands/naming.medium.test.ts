import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scripts } from '../../../src/cli/complete/scripts.ts';
import { commands } from '../../../src/cli/registry.ts';
import { kdpipe } from '../../support/project.ts';
import { cells, trial } from '../trial.ts';

const project = trial();
const linesOf = (...args: readonly string[]): readonly string[] => {
  const { stdout } = project().run(...args);
  return stdout.trimEnd().split('\n');
};

describe('kdpipe path', () => {
  it('prints where an output lies, from where it was called', () => {
    const [path = ''] = linesOf('path', 'make[size=1].x');
    expect(path).toMatch(/^runs\/\.store\/[0-9a-f]{2}\/[0-9a-f]{62,64}\/x$/);
    expect(project().read(path)).toBe('hello 1\n');
    expect(linesOf('path', 'make[size=1]')).toEqual([dirname(path)]);
    mkdirSync(project().path('sub'), { recursive: true });
    const below = spawnSync(process.execPath, [kdpipe, 'path', 'make[size=1].x'], { cwd: project().path('sub') });
    expect(below.stdout.toString()).toBe(`../${path}\n`);
  });

  it('prints a line for each cell of a stage', () => {
    expect(linesOf('path', 'make.x')).toHaveLength(2);
  });

  it.each([
    ['maek', 'did you mean make?'],
    ['make[size=1].y', 'expected: x'],
    ['make[size=3]', 'stage[axis=value]'],
  ])('says what may have been meant by %s, with exit code 2', (name, words) => {
    const { code, stdout, stderr } = project().run('path', name);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(words);
  });
});

describe('what can be named', () => {
  it('is where outputs lie, for kdpipe show', () => {
    const [path = ''] = linesOf('path', 'make[size=1].x');
    const shown = JSON.parse(project().run('show', 'make[size=1]', '--json').stdout) as Record<
      string,
      { paths: object }
    >;
    expect(shown['make[size=1]']?.paths).toEqual({ x: path });
  });

  it('is what registries there are, for kdpipe list without one', () => {
    expect(linesOf('list').join('\n')).toMatch(/^methods +kdpipe list methods$/m);
  });

  it('is which stages there are, for kdpipe logs without one', () => {
    const lines = linesOf('logs');
    expect(lines).toContain("kdpipe logs make   2 cells, as 'make[size=1]'");
  });
});

describe('kdpipe gc', () => {
  it('names the cells that it would remove, and their sizes', () => {
    expect(project().run('run', 'trial.yaml', '-S', 'word=bye').code).toBe(0);
    const { stdout } = project().run('gc', '--runs', '1');
    for (const cell of cells) expect(stdout).toContain(cell);
    expect(stdout).toMatch(/^entry +[0-9a-f]{12} +make\[size=1\] +[\d.]+ (B|KiB) +no run refers to it$/m);
    expect(stdout).toMatch(/would remove 4 items, [\d.]+ KiB; [\d.]+ KiB stay/);
  });
});

describe('--help', () => {
  it.each(Object.keys(commands))('of %s ends with examples', (name) => {
    expect(project().run(name, '--help').stdout).toMatch(/\nExamples:\n +\S/);
  });
});

describe('completion', () => {
  const asked = (...words: readonly string[]): readonly string[] => linesOf('__complete', ...words);

  it.each<[readonly string[], readonly string[]]>([
    [['lo'], ['logs']],
    [
      ['logs', ''],
      ['make', 'score'],
    ],
    [
      ['logs', 'm'],
      ['make', 'make[size=1]', 'make[size=2]'],
    ],
    [['logs', 'make[size=2'], ['make[size=2]']],
    [
      ['run', 'trial.yaml', '--only', 'sc'],
      ['score', cells[2], cells[3]],
    ],
    [['run', '--exec'], ['--executor']],
    [
      ['run', '--executor', ''],
      ['local', 'in-process', 'command', 'slurm'],
    ],
    [['list', 'meth'], ['methods']],
    [['show', 'resnet11'], ['resnet110']],
    [['init', '--method', 'SoftTarget,Fi'], ['SoftTarget,FitNet']],
    [['status', 'tri'], expect.arrayContaining(['trial']) as readonly string[]],
    [['run', 'tri'], ['']],
    [['nothing', 'x'], ['']],
  ])('of %j is %j', (words, candidates) => {
    expect(asked(...words)).toEqual(candidates);
  });

  /** A folder whose kdpipe is this one. */
  const path = (): string => {
    const bin = project().path('bin');
    if (!existsSync(bin)) {
      mkdirSync(bin);
      symlinkSync(kdpipe, join(bin, 'kdpipe'));
    }
    return `${bin}:${process.env['PATH'] ?? ''}`;
  };

  it.each([
    ['kdpipe lo', ['logs']],
    ['kdpipe logs ', ['make', 'score']],
    // Bash completes what stands behind the last =.
    ['kdpipe logs make[size=', ['1]', '2]']],
  ])('in bash of "%s" is %j', (line, expected) => {
    const script = `eval "$(kdpipe completion bash)"; COMP_LINE=$1 COMP_POINT=\${#1}; _kdpipe; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = spawnSync('bash', ['-c', script, 'bash', line], {
      cwd: project().folder,
      encoding: 'utf8',
      env: { ...process.env, PATH: path() },
    });
    expect(stdout.trimEnd().split('\n')).toEqual(expected);
  });

  it.each(Object.entries(scripts))('has a script that %s reads', (shell, text) => {
    const syntax = spawnSync(shell, ['-n'], { input: text, encoding: 'utf8' });
    if (syntax.error) console.warn(`SKIPPED: the completion script of ${shell}, which is not installed`);
    else expect([syntax.status, syntax.stderr]).toEqual([0, '']);
  });
});
