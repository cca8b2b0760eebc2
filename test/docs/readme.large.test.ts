import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Project } from '../support/project.ts';
import { quickstartRows } from '../support/quickstart.ts';

const readme = readFileSync('README.md', 'utf8');
/** Lines of the README's shell blocks, comments left out. What is gigabytes, or needs a GPU, stands in blocks of `console`. */
const commands = [...readme.matchAll(/^```sh\n(.*?)^```/gms)]
  .flatMap((block) => (block[1] ?? '').split('\n'))
  .map((line) => line.replace(/\s+#.*$/, '').trim())
  .filter((line) => line !== '' && !line.startsWith('#'));

describe('the README', () => {
  it('starts with the two commands', () => {
    expect(commands.slice(0, 2)).toEqual(['npm ci && npx kdpipe run pipelines/quickstart.yaml', 'npm ci && npm test']);
  });
});

describe('the pipeline of the README', () => {
  it('is one that kdpipe takes', () => {
    const text = /^```yaml\n(.*?)^```/ms.exec(readme)?.[1] ?? '';
    const project = new Project({
      'pipelines/birds.yaml': text,
      'README.md': '<!-- kdpipe:results -->\n<!-- /kdpipe:results -->\n',
    });
    expect(project.run('check', 'pipelines/birds.yaml')).toEqual({
      code: 0,
      stdout: 'pipelines/birds.yaml: ok, 4 stages, 27 cells\n',
      stderr: '',
    });
    project.remove();
  });
});

describe('the commands of the README, in a fresh copy', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kdpipe-readme-'));
    const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
      encoding: 'utf8',
    });
    for (const path of files.split('\0').filter(Boolean)) {
      cpSync(path, join(folder, path), { recursive: true, dereference: false, errorOnExist: false });
      if (dirname(path) === path) throw new Error(path);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const shell = (command: string) => {
    const ended = spawnSync('bash', ['-c', command], { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 26 });
    return { command, code: ended.status, output: ended.stdout + ended.stderr };
  };

  it('all work, in the order of the page', { timeout: 600_000 }, () => {
    const first = shell(commands[0] ?? '');
    expect(first).toMatchObject({ code: 0 });
    expect(first.output).toMatch(/: \d+ ran\n/);
    expect(quickstartRows(readme)).toHaveLength(7);
    expect(quickstartRows(readFileSync(join(folder, 'README.md'), 'utf8'))).toEqual(quickstartRows(readme));
    for (const command of commands.slice(2)) expect(shell(command)).toMatchObject({ code: 0 });
  });
});
