/** What share of the processor's floating-point operations the products of a training step reach. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { openCompiler, type Compiler } from '../../../.config/kernels/compile.ts';
import { KERNELS } from '../../../.config/kernels/sources.ts';
import { NATIVE_COMPILE, NATIVE_TARGETS, WARNINGS } from '../../../.config/kernels/targets.ts';
import { libraryName } from '../../../src/ml/engines/native/library.ts';
import { measure, type Kind } from './profile.ts';

const SOURCE = join(import.meta.dirname, 'ceiling.c');
const CASE = { model: 'resnet50', size: 224, batch: 8, classes: 200, mode: 'train', threads: 1 } as const;
/** Products that take less of the step are left out. */
const LEAST_SHARE = 0.01;

/** GFLOP/s of one core by kernels, as a loop that stays in registers reaches them. */
async function ceilings({ zig, folder }: Compiler, names: readonly string[]): Promise<readonly number[]> {
  const library = NATIVE_TARGETS[libraryName()];
  const found: number[] = [];
  for (const name of names) {
    const set = library?.kernels.find(({ symbol }) => symbol === `kernels_${name}`);
    if (!library || !set) throw new Error(`no library with kernels for ${name}`);
    const program = join(folder, name);
    const flags = ['-target', library.target, ...NATIVE_COMPILE, ...WARNINGS, `-I${KERNELS}`];
    await zig('cc', ...flags, `-mcpu=${set.processor}`, ...(set.flags ?? []), SOURCE, '-o', program);
    found.push(Number(execFileSync(program, { encoding: 'utf8' }).split(' ')[0]));
  }
  return found;
}

const percent = (part: number): string => `${(100 * part).toFixed(0)} %`;

/**
 * Measures the ceiling of one core, and the products of resnet50 beside it.
 *
 * @returns a Markdown section
 */
export async function ceiling(): Promise<string> {
  const { names, kinds, total } = await measure(CASE);
  const compiler = await openCompiler();
  const most = await ceilings(compiler, names);
  await compiler.dispose();
  const products = [...kinds].filter(
    ([, { flops, ms }]) => flops > 0 && (ms[0] ?? 0) > LEAST_SHARE * (total[0] ?? NaN),
  );
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rates = ({ flops, done, ms }: Kind): readonly string[] =>
    ms.flatMap((time, i) => [(flops / time / 1e6).toFixed(0), percent(done / time / 1e6 / (most[i] ?? NaN))]);
  return [
    '## Products beside the ceiling of a core',
    '',
    `A core’s ceiling is what a loop of fused multiplications and additions between registers reaches: ${names.map((name, i) => `${most[i]?.toFixed(0)} GFLOP/s (${name})`).join(', ')}.`,
    'Products of a training step of resnet50 (224², batch 8, one thread), each run by itself, the fastest of several. GFLOP/s are those',
    'of the direct sum; the share counts what is multiplied, which in 3×3 convolutions of stride 1 is a quarter to a third of that (Winograd),',
    'so that the time of the transforms counts against them.',
    '',
    line(['product', 'share of the step', ...names.flatMap((name) => [`${name} (GFLOP/s)`, 'of the ceiling'])]),
    line([':--', '--:', ...names.flatMap(() => ['--:', '--:'])]),
    ...products
      .toSorted(([, a], [, b]) => (b.ms[0] ?? NaN) - (a.ms[0] ?? NaN))
      .map(([name, kind]) => line([name, percent((kind.ms[0] ?? NaN) / (total[0] ?? NaN)), ...rates(kind)])),
  ].join('\n');
}
