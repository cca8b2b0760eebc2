import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function call(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
}

/**
 * A Python with PyTorch, torchvision, timm and webdataset.
 *
 * @returns path of KDPIPE_BENCH_PYTHON, or of a virtual environment that is made once in the temporary folder
 */
export function python(): string {
  const given = process.env['KDPIPE_BENCH_PYTHON'];
  if (given !== undefined) return given;
  const folder = join(tmpdir(), 'kdpipe-bench-torch');
  const path = join(folder, 'bin/python');
  if (existsSync(path)) return path;
  call('python3', ['-m', 'venv', folder]);
  call(path, ['-m', 'pip', 'install', '--quiet', 'torch', 'torchvision', 'timm', 'webdataset']);
  return path;
}
