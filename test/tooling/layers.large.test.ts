import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve('.');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-layers-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  copyFileSync(join(root, 'tsconfig.json'), join(folder, 'tsconfig.json'));
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Plants files in an empty tree and gives the names of the rules that fire. */
function fired(files: Record<string, string>): readonly string[] {
  rmSync(join(folder, 'src'), { recursive: true, force: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const ended = spawnSync(
    join(root, 'node_modules/.bin/depcruise'),
    ['--config', join(root, '.config/layers.cjs'), '--output-type', 'json', 'src'],
    { cwd: folder, encoding: 'utf8' },
  );
  const cruised = JSON.parse(ended.stdout) as { summary: { violations: readonly { rule: { name: string } }[] } };
  return [...new Set(cruised.summary.violations.map((violation) => violation.rule.name))].sort();
}

const leaf = 'export const leaf = 1;\n';
const uses = (path: string) => `import { leaf } from '${path}';\nexport const user = leaf;\n`;

describe('the layer rules fire on a planted violation', () => {
  it.each([
    ['core imports the pipeline', 'src/core/a.ts', 'src/pipeline/b.ts', '../pipeline/b.ts', 'layer-core'],
    [
      'the scheduler imports the ml half',
      'src/scheduler/a.ts',
      'src/ml/train/b.ts',
      '../ml/train/b.ts',
      'layer-scheduler',
    ],
    ['a kind imports the ml half', 'src/stages/x/kind.ts', 'src/ml/train/b.ts', '../../ml/train/b.ts', 'layer-stages'],
    ['the command line imports an engine', 'src/cli/a.ts', 'src/ml/engines/b.ts', '../ml/engines/b.ts', 'layer-cli'],
    [
      'what shows models imports an engine',
      'src/ml/show/a.ts',
      'src/ml/engines/b.ts',
      '../engines/b.ts',
      'layer-ml-show',
    ],
    ['the ml half imports the store', 'src/ml/train/a.ts', 'src/store/b.ts', '../../store/b.ts', 'layer-ml-train'],
    ['an engine imports a method', 'src/ml/engines/a.ts', 'src/ml/methods/b.ts', '../methods/b.ts', 'layer-ml-engines'],
    ['the store imports the command line', 'src/store/a.ts', 'src/cli/b.ts', '../cli/b.ts', 'layer-store'],
  ])('%s', (_title, from, to, specifier, rule) => {
    expect(fired({ [from]: uses(specifier), [to]: leaf })).toEqual([rule]);
  });

  it('a cycle, of types too', () => {
    const files = {
      'src/core/a.ts': "import type { B } from './b.ts';\nexport type A = B | 1;\n",
      'src/core/b.ts': "import type { A } from './a.ts';\nexport type B = A | 2;\n",
    };
    expect(fired(files)).toEqual(['no-cycles']);
  });

  it('a tensor library in the runner half', () => {
    expect(fired({ 'src/cli/a.ts': "import '@tensorflow/tfjs-core';\n" })).toContain('no-tensors-in-the-runner');
  });
});

describe('the layer rules let pass', () => {
  it('what the picture allows', () => {
    expect(
      fired({
        'src/core/a.ts': leaf,
        'src/store/b.ts': uses('../core/a.ts'),
        'src/scheduler/c.ts': uses('../core/a.ts'),
        'src/ml/train/d.ts': leaf,
        'src/ml/show/e.ts': leaf,
        'src/cli/f.ts': uses('../ml/show/e.ts'),
        'src/stages/x/run.ts': uses('../../ml/train/d.ts'),
      }),
    ).toEqual([]);
  });
});
