import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cell } from '../../src/core/plan.ts';
import { plan } from '../../src/project/plan.ts';
import { openProject } from '../../src/project/project.ts';
import { undeclaredFiles } from '../../src/project/undeclared-files.ts';
import { kinds } from '../../src/stages/registry.ts';
import type { StageKind } from '../../src/stages/stage-kind.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kdpipe-undeclared-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function write(...paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), '');
  }
}
const cellOf = (id: string): Cell => ({
  id,
  stage: 'a',
  kind: 'command',
  axes: {},
  params: {},
  needs: [],
  resources: { cpu: 1, gpu: 0, memory: 0 },
  retry: 0,
  timeout: 0,
});
const notes = async (...stages: readonly string[]) => {
  const text = ['name: p', 'stages:', ...stages.map((stage) => `  ${stage}`), ''].join('\n');
  return (await plan({ file: 'p.yaml', text }, { cwd: folder })).notes;
};

describe('a file that a command names and does not declare', () => {
  it('is noted, with its place, and how to declare it', async () => {
    write('train.py');
    expect(await notes('a: { uses: command, with: { run: [python3, train.py] } }')).toEqual([
      {
        code: 'undeclared-file',
        message: 'train.py is a file here and no input: edits of it rerun nothing; inputs: { script: train.py }',
        place: expect.objectContaining({ file: 'p.yaml', line: 3, column: 46, width: 8 }),
      },
    ]);
  });

  it('is looked for in so many words of commands that nobody waits for it', () => {
    const run = Array.from({ length: 1000 }, (_, at) => `w${at}`);
    let looked = 0;
    const command: StageKind = {
      ...kinds.command,
      mentions: (params) => {
        looked++;
        return kinds.command.mentions?.(params) ?? [];
      },
    };
    const cells = Array.from({ length: 2000 }, (_, at) => ({ ...cellOf(`a[x=${at}]`), params: { run } }));
    const project = { ...openProject(folder), kinds: { command } };
    expect(undeclaredFiles({ file: 'p.yaml', text: '' }, cells, project)).toEqual([]);
    expect(looked).toBeLessThan(300);
  });

  it('is noted once, however many cells and stages name it', async () => {
    write('train.py', 'conf/a.yaml');
    const found = await notes(
      'a: { uses: command, matrix: { x: [1, 2, 3] }, with: { run: [python3, train.py, "--x=${matrix.x}"] } }',
      'b: { uses: command, with: { shell: "python3 ./train.py --conf=conf/a.yaml" } }',
    );
    expect(found.map(({ message }) => message.split(':')[0])).toEqual([
      'train.py is a file here and no input (also in b)',
      'conf/a.yaml is a file here and no input',
    ]);
  });

  it.each<[what: string, stage: string]>([
    ['is an input', 'inputs: { script: train.py }, run: [python3, train.py]'],
    ['stands in a folder that is one', 'inputs: { code: ./src }, run: [python3, src/train.py]'],
    ['stands where the whole workspace is one', 'inputs: { code: . }, run: [python3, train.py]'],
    ['is none', 'run: [python3, trian.py, src, /bin/sh]'],
    ['is kdpipe’s own', 'run: [cat, runs/p/report.md]'],
    ['is written', 'shell: "echo 1 > train.py"'],
  ])('is not noted where it %s', async (_, params) => {
    write('train.py', 'src/train.py', 'runs/p/report.md');
    expect(await notes(`a: { uses: command, with: { ${params} } }`)).toEqual([]);
  });
});
