import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

type Allowances = Readonly<Record<string, readonly string[]>>;
const allowances = createRequire(import.meta.url)('../../.config/layer-allowances.cjs') as Readonly<
  Record<'may' | 'mayMl' | 'mayPipeline' | 'mayReport' | 'mayDashboard', Allowances>
>;

const root = resolve('.');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-layers-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  copyFileSync(join(root, 'tsconfig.json'), join(folder, 'tsconfig.json'));
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const options = await extractOptions(join(root, '.config/layers.cjs'));

/** Plants files in an empty tree and gives the names of the rules that fire. */
async function fired(files: Record<string, string>): Promise<readonly string[]> {
  rmSync(join(folder, 'src'), { recursive: true, force: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const { output } = await cruise(['src'], { ...options, baseDir: folder });
  const { violations } = (output as ICruiseResult).summary;
  return [...new Set(violations.map((violation) => violation.rule.name))].sort();
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
    [
      'the algebra imports a method',
      'src/ml/algebra/a.ts',
      'src/ml/methods/b.ts',
      '../methods/b.ts',
      'layer-ml-algebra',
    ],
    ['an engine imports a method', 'src/ml/engines/a.ts', 'src/ml/methods/b.ts', '../methods/b.ts', 'layer-ml-engines'],
    ['the store imports the command line', 'src/store/a.ts', 'src/cli/b.ts', '../cli/b.ts', 'layer-store'],
    ['the library imports the command line', 'src/project/a.ts', 'src/cli/b.ts', '../cli/b.ts', 'layer-project'],
    [
      'what reads pipelines imports what expands them',
      'src/pipeline/read/a.ts',
      'src/pipeline/expand/b.ts',
      '../expand/b.ts',
      'layer-pipeline-read',
    ],
    [
      'a check imports what expands',
      'src/pipeline/check/a.ts',
      'src/pipeline/expand/b.ts',
      '../expand/b.ts',
      'layer-pipeline-check',
    ],
    [
      'what expands imports tables',
      'src/pipeline/expand/a.ts',
      'src/pipeline/tables/b.ts',
      '../tables/b.ts',
      'layer-pipeline-expand',
    ],
    ['rows import tables', 'src/report/rows/a.ts', 'src/report/tables/b.ts', '../tables/b.ts', 'layer-report-rows'],
    ['tables import plots', 'src/report/tables/a.ts', 'src/report/plots/b.ts', '../plots/b.ts', 'layer-report-tables'],
  ])('%s', async (_title, from, to, specifier, rule) => {
    expect(await fired({ [from]: uses(specifier), [to]: leaf })).toEqual([rule]);
  });

  it('a cycle, of types too', async () => {
    const files = {
      'src/core/a.ts': "import type { B } from './b.ts';\nexport type A = B | 1;\n",
      'src/core/b.ts': "import type { A } from './a.ts';\nexport type B = A | 2;\n",
    };
    expect(await fired(files)).toEqual(['no-cycles']);
  });

  it.each(['src/cli/a.ts', 'src/ml/train/a.ts', 'src/ml/methods/a.ts', 'src/ml/engines/a.ts'])(
    'a tensor library: %s',
    async (path) => {
      expect(await fired({ [path]: "import '@tensorflow/tfjs-core';\n" })).toContain('no-tensors');
    },
  );
});

describe('the layer rules let pass', () => {
  it('what the picture allows', async () => {
    expect(
      await fired({
        'src/core/a.ts': leaf,
        'src/store/b.ts': uses('../core/a.ts'),
        'src/scheduler/c.ts': uses('../core/a.ts'),
        'src/ml/train/d.ts': leaf,
        'src/ml/show/e.ts': leaf,
        'src/cli/f.ts': uses('../ml/show/e.ts'),
        'src/stages/x/run.ts': uses('../../ml/train/d.ts'),
        'src/pipeline/check/g.ts': leaf,
        'src/pipeline/expand/h.ts': uses('../check/g.ts'),
        'src/pipeline/i.ts': uses('./expand/h.ts'),
        'src/report/rows/j.ts': uses('../../core/a.ts'),
        'src/report/plots/k.ts': uses('../rows/j.ts'),
      }),
    ).toEqual([]);
  });
});

/** Every import between two files of src, as paths below it; what runs a stage has a rule of its own. */
const imports = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => join('src', path))
  .filter((file) => !/^src\/stages\/[^/]+\/run\.ts$/.test(file))
  .flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/(?:from|import\(|import) ?'(\.[^']+)'/g)].map(([, to = '']) => ({
      from: relative('src', file),
      to: relative('src', join(dirname(file), to)),
    })),
  );

describe.each<[string, string, Allowances]>([
  ['src', '', allowances.may],
  ['src/ml', 'ml/', allowances.mayMl],
  ['src/pipeline', 'pipeline/', allowances.mayPipeline],
  ['src/report', 'report/', allowances.mayReport],
  ['src/dashboard', 'dashboard/', allowances.mayDashboard],
])('the allowances within %s', (_folder, base, may) => {
  it('are each used by an import', () => {
    const pairs = Object.entries(may).flatMap(([folder, list]) => list.map((to) => [folder, to] as const));
    const unused = pairs.filter(
      ([folder, to]) =>
        !imports.some((one) => one.from.startsWith(`${base}${folder}/`) && one.to.startsWith(`${base}${to}/`)),
    );
    expect(unused).toEqual([]);
  });

  it('name folders that there are', () => {
    expect(Object.keys(may).filter((folder) => !existsSync(join('src', base, folder)))).toEqual([]);
  });
});
