import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildKernels } from '../../.config/build-kernels.ts';
import { openCompiler } from '../../.config/kernels/compile.ts';
import { ENGINES } from '../../.config/kernels/sources.ts';

/** One build in WebAssembly, which every machine runs: the others differ in their flags alone; `.ci/kernels` makes all of them. */
const NAMES = ['wasm/kernels/relaxed.wasm', '../augment/kernels/resize.wasm'];

describe('the compiler', () => {
  it('makes the kernels that are here, byte for byte', { timeout: 600_000 }, async ({ skip }) => {
    const compiler = await openCompiler().catch((error: unknown) => {
      const reason = error instanceof Error ? error.message.slice(0, 300) : String(error);
      const message = `THE KERNELS WERE NOT COMPILED AGAIN: there is no compiler: ${reason}`;
      console.warn(message);
      return skip(message);
    });
    const built = await buildKernels(compiler, NAMES);
    for (const name of NAMES) expect(Buffer.compare(built.get(name)!, readFileSync(join(ENGINES, name))), name).toBe(0);
  });
});
