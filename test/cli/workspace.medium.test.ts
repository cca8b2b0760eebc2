import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kdpipe, Project, type Ended } from '../support/project.ts';

const pipeline = `name: sub
params: { words: words.txt }
stages:
  a:
    uses: command
    with: { inputs: { words: "\${params.words}" }, shell: 'cat "$KDPIPE_INPUT_WORDS" > "$KDPIPE_OUT/o"; pwd', outputs: { o: o } }
`;

describe('a command in a subfolder of a workspace', () => {
  let project: Project;
  beforeAll(() => {
    project = new Project({ 'pipes/deep/sub.yaml': pipeline, 'words.txt': 'words\n' });
    const { code, stderr } = project.run('run', 'pipes/deep/sub.yaml');
    if (code !== 0) throw new Error(stderr);
  });
  afterAll(() => project.remove());

  const below = (...args: readonly string[]): Ended => {
    const ended = spawnSync(process.execPath, [kdpipe, ...args], {
      cwd: project.path('pipes/deep'),
      encoding: 'utf8',
      env: { ...process.env, CI: '1' },
    });
    return { code: ended.status, stdout: ended.stdout, stderr: ended.stderr };
  };
  const says = 'workspace: ../.. (its runs/ holds the results; paths in pipelines count from there)\n';

  it('reuses what is there, and says which workspace it uses', () => {
    const { code, stderr } = below('run', 'sub.yaml');
    expect([code, stderr.startsWith(says), existsSync(project.path('pipes/deep/runs'))]).toEqual([0, true, false]);
    expect(stderr).toContain('nothing to do: 1 cell reused');
  });

  it.each([
    [['plan', 'sub.yaml'], 'nothing to do: 1 cell reused'],
    [['check', 'sub.yaml', 'sub.yaml'], 'pipes/deep/sub.yaml: ok, 1 stage, 1 cell'],
    [['status'], 'done after'],
    [['why', 'a'], 'a: is reused, nothing changed'],
    [['why', '-f', 'sub.yaml', 'a'], 'a: is reused, nothing changed'],
    [['logs', 'a'], 'kdpipe-e2e-'],
    [['show', 'a'], 'outputs'],
    [['gc'], 'would remove 0 items'],
    [['verify'], '1 result verified'],
  ])('is as if it were called there: %j', (words, expected) => {
    const { code, stdout, stderr } = below(...words);
    expect([code, stderr]).toEqual([0, says]);
    expect(stdout).toContain(expected);
  });

  it('records a command line that works in the workspace', () => {
    expect(below('run', 'sub.yaml', '--force', 'a').code).toBe(0);
    const { stdout } = below('status', '--json');
    const run = (JSON.parse(stdout) as { run: string }).run;
    const [started = ''] = project.read(`runs/sub/${run}/events.ndjson`).split('\n');
    expect((JSON.parse(started) as { command: string }).command).toBe('kdpipe run pipes/deep/sub.yaml --force a');
  });

  it('says nothing of it where no results are above, and for commands that need none', () => {
    mkdirSync(project.path('other/.git'), { recursive: true });
    const inside = { cwd: project.path('other'), encoding: 'utf8' } as const;
    const status = spawnSync(process.execPath, [kdpipe, 'status'], inside);
    expect([status.status, status.stderr]).toEqual([2, expect.not.stringContaining('workspace')]);
    expect(below('list', 'engines').stderr).toBe('');
    expect(below('run', '--help').stderr).toBe('');
  });

  it('says where paths count from when an input is missing', () => {
    const { code, stderr } = below('run', 'sub.yaml', '-S', 'words=sub.yaml');
    expect(code).toBe(2);
    expect(stderr).toContain(`paths in a pipeline count from the folder where kdpipe is called, or its workspace: `);
    expect(stderr).toContain(project.folder);
  });
});
