import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { Project } from '../support/project.ts';

let project: Project;
afterEach(() => project.remove());

/** A pipeline with one command stage, to which a case adds what is wrong. */
const stage = (more: string) => `stages:\n  one:\n    uses: command\n    with: { shell: 'true' }\n${more}`;
const digits = `stages:\n  digits: { uses: dataset, with: { source: mnist-digits } }\n`;
const teacher = `${digits}  teacher:\n    uses: train-teacher\n    with: { data: "\${stages.digits}", model: resnet8 }\n`;
const student = (params: string) =>
  `${teacher}  student:\n    uses: distill-student\n    with: { data: "\${stages.digits}", teacher: "\${stages.teacher}", model: convnet8, ${params} }\n`;

const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]\n${'bcdefgh'
  .split('')
  .map(
    (name, at) =>
      `${name}: &${name} [${Array(10)
        .fill(`*${'abcdefg'[at] ?? ''}`)
        .join(', ')}]\n`,
  )
  .join('')}`;

describe('a file that cannot be planned: place, what was got, what was expected, exit 2, nothing written', () => {
  it.each<[title: string, text: string | Uint8Array, message: RegExp]>([
    ['an unknown key', stage('    retires: 2\n'), /bad\.yaml:5:5: .*retires.*\[.*\][^]*retry/],
    ['an unknown kind', 'stages:\n  one: { uses: train-techer }\n', /bad\.yaml:2:.*train-techer[^]*train-teacher/],
    ['an unknown method', student('kd_method: SoftTarge'), /SoftTarge[^]*SoftTarget/],
    ['an unknown model', teacher.replace('resnet8', 'resnt8'), /resnt8[^]*resnet8/],
    ['an unknown parameter', teacher.replace('model:', 'epoch: 3, model:'), /epoch[^]*epochs/],
    ['a wrong type', teacher.replace('model:', 'epochs: many, model:'), /epochs[^]*"many"[^]*a whole number/],
    ['a value out of range', teacher.replace('model:', 'label_smoothing: 2, model:'), /label_smoothing[^]*1/],
    ['a duplicate key', stage('  one: { uses: command }\n'), /bad\.yaml:5:.*twice/],
    ['tab indentation', 'stages:\n\tone: { uses: command }\n', /bad\.yaml:2:.*[Tt]ab/],
    ['an empty file', '', /empty/],
    ['a binary file', Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1, 2]), /binary|text/],
    ['a file of 2 MiB', `# ${'x'.repeat(2 ** 21)}\n`, /2097155 bytes[^]*at most 1048576/],
    ['an alias bomb', `${bomb}${stage('')}`, /alias/i],
    ['a list instead of a mapping', '- one\n- two\n', /mapping/],
    [
      'a cycle, shown as a path',
      'stages:\n  a: { uses: command, with: { run: ["${stages.b}"] } }\n  b: { uses: command, with: { run: ["${stages.a}"] } }\n',
      /a → b → a|b → a → b/,
    ],
    ['a missing stage', stage('  two: { uses: command, with: { run: ["${stages.on}"] } }\n'), /stages\.on|"on"[^]*one/],
    [
      'an ambiguous reference',
      'stages:\n  a: { uses: command, matrix: { size: [1, 2] }, with: { shell: "${matrix.size}" } }\n  b: { uses: command, with: { run: ["${stages.a}"] } }\n',
      /stages\.a\[size=1\]/,
    ],
    [
      'colliding cells',
      'stages:\n  a: { uses: command, matrix: { size: [1, 1] }, with: { shell: "${matrix.size}" } }\n',
      /a\[size=1\]/,
    ],
    [
      'an empty matrix',
      'stages:\n  a: { uses: command, matrix: { size: [] }, with: { shell: "${matrix.size}" } }\n',
      /empty/,
    ],
    [
      'an axis that is never used',
      'stages:\n  a: { uses: command, matrix: { size: [1, 2] }, with: { shell: "true" } }\n',
      /size/,
    ],
    ['a missing environment variable', stage('').replace("'true'", '"${env.KDPIPE_NO_SUCH}"'), /KDPIPE_NO_SUCH[^]*:-/],
    ['a flag that would do nothing', student('kd_method: SoftTarget, blocks: [3]'), /blocks/],
  ])('%s', (_title, text, message) => {
    project = new Project();
    project.write('bad.yaml', text);
    const ended = project.run('run', 'bad.yaml');
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
    expect(ended.code).toBe(2);
    expect(existsSync(project.path('runs'))).toBe(false);
  });

  it('a file that is not there', () => {
    project = new Project({ 'pipelines/cub.yaml': stage('') });
    const ended = project.run('run', 'pipelines/cup.yaml');
    expect(ended).toMatchObject({ code: 2 });
    expect(ended.stderr).toContain('pipelines/cub.yaml');
  });

  it('several problems at once, in the order of the file', () => {
    project = new Project({ 'bad.yaml': stage('    retires: 2\n  two: { uses: comand }\n') });
    const { stderr } = project.run('check', 'bad.yaml');
    expect(stderr.indexOf('retires')).toBeGreaterThan(-1);
    expect(stderr.indexOf('comand')).toBeGreaterThan(stderr.indexOf('retires'));
  });
});

describe('data that is not as it should be', () => {
  const folder = (more = '') =>
    `stages:\n  birds: { uses: dataset, with: { source: image-folder, root: birds, image_size: 8${more} } }\n`;
  const picture = (red: number) =>
    sharp({ create: { width: 12, height: 10, channels: 3, background: { r: red, g: 90, b: 10 } } })
      .jpeg()
      .toBuffer();
  async function birds(...classes: readonly string[]): Promise<void> {
    for (const name of classes)
      for (let at = 0; at < 12; at++) project.write(`birds/${name}/${at}.jpg`, await picture(at * 20));
  }

  it('a missing folder stops before anything runs', () => {
    project = new Project({ 'birds.yaml': folder() });
    const ended = project.run('run', 'birds.yaml');
    expect(ended).toMatchObject({ code: 2 });
    expect(ended.stderr).toMatch(/birds/);
    expect(project.keys()).toEqual([]);
  });

  it('an empty class folder is named, and no class', async () => {
    project = new Project({ 'birds.yaml': folder() });
    await birds('crow', 'owl');
    mkdirSync(project.path('birds/wren'));
    const ended = project.run('run', 'birds.yaml');
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(/wren/);
    expect(ended.stderr).toMatch(/classes 2/);
  });

  it('a truncated JPEG is named, or skipped when asked', async () => {
    project = new Project({ 'birds.yaml': folder(), 'skip.yaml': folder(', on_bad_image: skip') });
    await birds('crow', 'owl');
    project.write('birds/owl/cut.jpg', (await picture(7)).subarray(0, 180));
    const failed = project.run('run', 'birds.yaml');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/owl\/cut\.jpg/);
    expect(project.keys()).toEqual([]);
    const skipped = project.run('run', 'skip.yaml');
    expect(skipped.code).toBe(0);
    expect(skipped.stderr).toMatch(/owl\/cut\.jpg/);
  });
});

describe('a place that cannot be written', () => {
  const table = `name: t\n${stage('').replace("'true'", `'echo "{\\"accuracy\\": 0.5}" > "$KDPIPE_OUT/m.json"', metrics: m.json`)}tables:\n  results: { from: one, rows: [shell], columns: [accuracy], into: README.md }\n`;
  const region = '<!-- kdpipe:results -->\n<!-- /kdpipe:results -->\n';

  it.each([
    ['a missing marker', '# Title\n', /README\.md[^]*kdpipe:results/],
    ['a doubled marker', `${region}\n${region}`, /README\.md:4[^]*kdpipe:results/],
    ['an unclosed marker', '<!-- kdpipe:results -->\n', /README\.md:1[^]*kdpipe:results/],
  ])('%s stops before anything runs', (_title, text, message) => {
    project = new Project({ 't.yaml': table, 'README.md': text });
    const ended = project.run('run', 't.yaml');
    expect(ended).toMatchObject({ code: 2 });
    expect(ended.stderr).toMatch(message);
    expect(project.read('README.md')).toBe(text);
    expect(project.keys()).toEqual([]);
  });

  /** Mounts a small file system over a folder; undefined where that is not allowed. */
  function mount(path: string, options: string): (() => void) | undefined {
    mkdirSync(path, { recursive: true });
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]).status !== 0) return undefined;
    return () => spawnSync('umount', ['-l', path]);
  }

  it('a disk that is full while a stage commits leaves nothing half written', (context) => {
    const big = stage('').replace("'true'", `'cat /dev/zero > "$KDPIPE_OUT/big" 2> /dev/null; true'`);
    project = new Project({ 'big.yaml': big });
    const unmount = mount(project.path('runs'), 'size=1m');
    if (!unmount) return context.skip('mounting needs root');
    try {
      const ended = project.run('run', 'big.yaml');
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(/no space|disk/i);
      expect(project.keys()).toEqual([]);
    } finally {
      unmount();
    }
  });

  it('a read-only runs folder stops before anything runs', (context) => {
    project = new Project({ 'one.yaml': stage('') });
    const unmount = mount(project.path('runs'), 'ro');
    if (!unmount) return context.skip('mounting needs root');
    try {
      const ended = project.run('run', 'one.yaml');
      expect(ended).toMatchObject({ code: 2 });
      expect(ended.stderr).toMatch(/runs/);
      expect(ended.stderr).toMatch(/read-only/);
    } finally {
      unmount();
    }
  });

  it('a README that cannot be written stops before anything runs', (context) => {
    project = new Project({ 't.yaml': table.replace('README.md', 'docs/README.md') });
    const unmount = mount(project.path('docs'), 'size=1m');
    if (!unmount) return context.skip('mounting needs root');
    try {
      project.write('docs/README.md', region);
      spawnSync('mount', ['-o', 'remount,ro', project.path('docs')]);
      const ended = project.run('run', 't.yaml');
      expect(ended).toMatchObject({ code: 2 });
      expect(ended.stderr).toMatch(/docs\/README\.md/);
      expect(project.keys()).toEqual([]);
    } finally {
      unmount();
      rmSync(project.path('docs'), { recursive: true, force: true });
    }
  });
});
