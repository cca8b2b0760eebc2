import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { python } from './python.ts';
import { comparison } from './train/beside.ts';
import type { Case } from './train/case.ts';

const FROZEN = { model: 'resnet50', size: 224, batch: 16, classes: 200, mode: 'frozen' } as const;
const ROUNDS = 3;

function call(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
}

/** A folder with onnxruntime-node: that of KDPIPE_BENCH_ONNX, or one in the temporary folder, which is made once. */
function runtime(): string {
  const folder = process.env['KDPIPE_BENCH_ONNX'] ?? join(tmpdir(), 'kdpipe-bench-onnx');
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, 'node_modules/onnxruntime-node')))
    call('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder, 'onnxruntime-node']);
  return folder;
}

/** The network as an ONNX file, batch norms folded as the runtime does it; made once. */
function exported(folder: string): string {
  const file = join(folder, `${FROZEN.model}-${FROZEN.size}-${FROZEN.batch}.onnx`);
  if (!existsSync(file)) call(python(), ['test/bench/train/onnx_export.py', JSON.stringify(FROZEN), file]);
  return file;
}

/**
 * A frozen network beside ONNX Runtime, in turn. PyTorch exports it: its Python needs `onnx` and `onnxscript` too.
 *
 * @param args - `rounds=1`, `threads=2`
 * @returns a Markdown section
 */
export function onnx(args: readonly string[]): string {
  const given = (name: string): string | undefined =>
    args.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
  const rounds = Number(given('rounds') ?? ROUNDS);
  const threads = given('threads') === undefined ? [1, 2] : [Number(given('threads'))];
  const folder = runtime();
  const program = ['node', 'test/bench/train/onnx_step.mjs', folder, exported(folder)] as const;
  const peer = {
    name: 'ONNX Runtime',
    variants: [{ name: 'all optimisations of graphs', program, flags: [], env: {} }],
  };
  const before = (loadavg()[0] ?? NaN).toFixed(1);
  const table = comparison(
    threads.map((n): Case => ({ ...FROZEN, threads: n })),
    rounds,
    peer,
  );
  return [
    '## A frozen network beside ONNX Runtime',
    '',
    `Ours: the best engine here; onnxruntime-node on the CPU. In turn, ${rounds} rounds of a process each, of which the fastest`,
    'step counts; rates are medians over the rounds, the ratio is the median (least–largest).',
    '',
    ...table,
    '',
    `Load average of the machine before: ${before}.`,
  ].join('\n');
}
