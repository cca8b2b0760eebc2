import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { torchObstacle } from '../../../src/ml/bench/gpu.ts';
import { hasGpuSigns } from '../../../src/util/gpu-signs.ts';
import { missing, python } from '../../support/pytorch.ts';

const folder = mkdtempSync(join(tmpdir(), 'torch-obstacle-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A Python that does this instead: no machine of the tests has a GPU, or a driver that is too old. */
function script(name: string, does: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${does}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('why PyTorch finds no GPU', () => {
  it('is not said where there is no Python, no torch, or a GPU', async () => {
    expect(await torchObstacle(join(folder, 'none'))).toBeNull();
    expect(await torchObstacle(script('no-torch', 'echo "No module named torch" >&2; exit 1'))).toBeNull();
    expect(await torchObstacle(script('with-gpu', 'exit 0'))).toBeNull();
  });

  it('is what torch says itself', async () => {
    const said = 'The NVIDIA driver on your system is too old (found version 11040)';
    expect(await torchObstacle(script('old', `echo "${said}"`))).toBe(said);
  });

  it('does not wait for a Python that hangs', async () => {
    expect(await torchObstacle(script('hangs', 'exec sleep 1000'), 100)).toBe('it did not say within 0.1 s');
  });

  const reason = missing('torch') ?? (hasGpuSigns() ? 'there may be a GPU' : undefined);
  it.skipIf(reason !== undefined)(`names a real torch (${reason ?? 'which is here'})`, async () => {
    expect(await torchObstacle(python)).toMatch(
      / \(torch \d+\.\d+.*, made for (CUDA [\d.]+|ROCm [\d.]+|processors)\)$/,
    );
  });
});
