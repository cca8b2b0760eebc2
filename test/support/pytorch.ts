import { spawnSync } from 'node:child_process';

/** The Python that tests run PyTorch in: named by KDPIPE_PYTHON, or the one of the benches, or the system's. */
export const python = process.env['KDPIPE_PYTHON'] ?? process.env['KDPIPE_BENCH_PYTHON'] ?? 'python3';

/** Why tests beside PyTorch are skipped; undefined where they can run. */
export function missing(...modules: readonly string[]): string | undefined {
  const { status } = spawnSync(python, ['-c', `import ${modules.join(', ')}`]);
  return status === 0 ? undefined : `needs a Python with ${modules.join(', ')}: KDPIPE_PYTHON names one`;
}
