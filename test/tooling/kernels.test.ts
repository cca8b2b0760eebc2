import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BUILT } from '../../.config/build-kernels.ts';
import { kernelHeader } from '../../.config/kernels/header.ts';
import { ENGINES, sha256, sourceDigest } from '../../.config/kernels/sources.ts';

const read = (name: string): Buffer => readFileSync(join(ENGINES, name));
const recorded = JSON.parse(read('kernels/kernels.json').toString()) as {
  readonly sources: string;
  readonly files: Readonly<Record<string, string>>;
};

/** No compiler runs here: `npm run build:kernels -- --check` compares with what it makes, byte for byte. */
describe('the kernels', () => {
  it('were made from the sources that are here, by the flags and the compiler that are named', async () => {
    expect(recorded.sources, 'npm run build:kernels').toBe(await sourceDigest());
    expect(read('kernels/primitives.h').toString(), 'npm run build:kernels').toBe(kernelHeader());
  });

  it.each(['kernels/primitives.h', ...BUILT])('%s is the file that was made', (name) => {
    expect(sha256(read(name)), 'npm run build:kernels').toBe(recorded.files[name]);
  });

  it('take no more than 2 MB as libraries', () => {
    const libraries = BUILT.filter((name) => name.endsWith('.node'));
    expect(libraries).toHaveLength(7);
    expect(libraries.reduce((bytes, name) => bytes + read(name).length, 0)).toBeLessThan(2e6);
  });
});
