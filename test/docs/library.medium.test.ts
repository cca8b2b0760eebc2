import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Project } from '../support/project.ts';

/** The example of the README's chapter on the library. */
const example =
  /^## As a library\n[^]*?^```js\n([^]*?)^```/m.exec(readFileSync('README.md', 'utf8'))?.[1] ??
  'the chapter is missing';

/** Stands where the example looks for its pipeline: quick, with the parameter that the example overrides. */
const pipeline = `name: small
params: { epochs: 40 }
stages:
  make:
    uses: command
    matrix: { size: [1, 2] }
    with: { shell: 'echo "{ \\"loss\\": 0.\${matrix.size}, \\"epochs\\": \${params.epochs} }" > "$KDPIPE_OUT/m.json"', metrics: m.json }
tables:
  results: { from: make, rows: [size], columns: [epochs] }
`;

let project: Project;
beforeEach(() => {
  project = new Project({ 'package.json': '{}', 'example.mjs': example, 'pipelines/quickstart.yaml': pipeline });
  mkdirSync(project.path('node_modules'));
  symlinkSync(resolve('.'), project.path('node_modules/kdpipe'));
});
afterEach(() => project.remove());

const runExample = () => {
  const { status, stdout, stderr } = spawnSync('node', ['example.mjs'], { cwd: project.folder, encoding: 'utf8' });
  return { code: status, lines: stdout.split('\n'), stderr };
};

describe('the example of the README’s chapter on the library', () => {
  it('plans, previews, runs and reports', () => {
    const { code, lines, stderr } = runExample();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(lines.slice(0, 2)).toEqual(['make[size=1] run', 'make[size=2] run']);
    expect(lines.slice(2, 4).sort()).toEqual([
      'make[size=1] { loss: 0.1, epochs: 20 }',
      'make[size=2] { loss: 0.2, epochs: 20 }',
    ]);
    expect(lines.slice(4, 6)).toEqual(['done 2', 'results']);
    expect(lines.slice(6).join('\n')).toMatch(/^1,20/m);
    expect(project.keys()).toHaveLength(2);
  });

  it('reuses what is there when it runs again', () => {
    runExample();
    const { lines } = runExample();
    expect(lines.slice(0, 3)).toEqual(['make[size=1] reuse', 'make[size=2] reuse', 'done 2']);
  });

  it('shows what is wrong with the pipeline', () => {
    project.write('pipelines/quickstart.yaml', pipeline.replace('uses:', 'use:'));
    const { code, lines, stderr } = runExample();
    expect({ code, lines }).toEqual({ code: 0, lines: [''] });
    expect(stderr).toMatch(/^unknown-key /m);
  });
});
