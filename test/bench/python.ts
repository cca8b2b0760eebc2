import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function call(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
}

/**
 * A Python with packages of PyPI.
 *
 * @param name - of a virtual environment
 * @param packages - what is installed into it
 * @returns path of KDPIPE_BENCH_PYTHON, or of the virtual environment, which is made once in the temporary folder
 */
export function python(name = 'torch', packages = ['torch', 'torchvision', 'timm', 'webdataset']): string {
  const given = process.env['KDPIPE_BENCH_PYTHON'];
  if (given !== undefined) return given;
  const folder = join(tmpdir(), `kdpipe-bench-${name}`);
  const path = join(folder, 'bin/python');
  if (existsSync(path)) return path;
  call('python3', ['-m', 'venv', folder]);
  call(path, ['-m', 'pip', 'install', '--quiet', ...packages]);
  return path;
}
