import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { kernelSources } from '../../.config/build-kernels.ts';
import { assetPath } from '../../src/util/package-root.ts';

const read = (name: string): Buffer => readFileSync(assetPath(`src/ml/engines/wasm/kernels/${name}`));
const recorded = JSON.parse(read('kernels.json').toString()) as Record<string, string>;

/** No compiler runs here: `npm run build:kernels -- --check` compares with what clang makes, byte for byte. */
describe('the wasm kernels', () => {
  it('were made from the sources that are here, by the flags and the compiler that are named', async () => {
    const { header, digest } = await kernelSources();
    expect(recorded['sources'], 'npm run build:kernels').toBe(digest);
    expect(read('primitives.h').toString(), 'npm run build:kernels').toBe(header);
  });

  it.each(['primitives.h', 'simd.wasm', 'relaxed.wasm'])('%s is the file that was made', (name) => {
    expect(createHash('sha256').update(read(name)).digest('hex'), 'npm run build:kernels').toBe(recorded[name]);
  });
});
