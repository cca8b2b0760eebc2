import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { buildKernels } from '../../.config/build-kernels.ts';
import { assetPath } from '../../src/util/package-root.ts';

describe('the wasm kernels', () => {
  it('are what clang makes of their sources, byte for byte', async () => {
    const built = await buildKernels();
    expect([...built.keys()]).toEqual(['primitives.h', 'simd.wasm', 'relaxed.wasm', 'kernels.json']);
    for (const [name, content] of built) {
      const checkedIn = await readFile(assetPath(`src/ml/engines/wasm/kernels/${name}`));
      const same = checkedIn.equals(Buffer.from(content));
      expect(same, `${name} is stale: npm run build:kernels`).toBe(true);
    }
  }, 120_000);
});
