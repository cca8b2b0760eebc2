import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { libraryName, loadLibrary, type Addon } from '../../../../src/ml/engines/native/library.ts';

const NAME = 'native/prebuilds/somewhere/kernels.node';
const bytes = Buffer.from('a library');
const manifest = (digest: string): Buffer => Buffer.from(JSON.stringify({ files: { [NAME]: digest } }));
const right = createHash('sha256').update(bytes).digest('hex');
const nothing = (): void => undefined;
const addon: Addon = {
  kernels: () => ['avx2'],
  hasBfloat16: () => false,
  open: () => ({ engine: null, address: 0 }),
  view: () => new ArrayBuffer(0),
  commit: nothing,
  setUp: nothing,
  start: nothing,
  run: nothing,
  close: nothing,
};

/** What comes of a library with that digest, that loads as that. */
function loaded(digest: string, open: () => unknown, asked?: string) {
  const read = (name: string) => (name === NAME ? bytes : manifest(digest));
  return loadLibrary(asked, NAME, read, open);
}
const reason = (result: ReturnType<typeof loadLibrary>): string => ('unavailable' in result ? result.unavailable : '');

describe('libraryName', () => {
  it('names the platform, the processor and, on Linux, the C library', () => {
    const { platform, arch } = process;
    const libc = platform === 'linux' ? String.raw`\.(glibc|musl)` : '';
    expect(libraryName()).toMatch(new RegExp(`^native/prebuilds/${platform}-${arch}/kernels${libc}\\.node$`));
  });
});

describe('loadLibrary', () => {
  it('gives what loads, with the first kernels that the processor can run', () => {
    expect(loaded(right, () => addon)).toEqual({ addon, kernels: 'avx2', digest: right });
  });

  it('gives those that are asked for', () => {
    const wide = { ...addon, kernels: () => ['avx512', 'avx2'] };
    expect(loaded(right, () => wide)).toMatchObject({ kernels: 'avx512' });
    expect(loaded(right, () => wide, 'avx2')).toMatchObject({ kernels: 'avx2' });
    expect(reason(loaded(right, () => wide, 'neon'))).toBe(
      'KDPIPE_NATIVE is "neon", and this processor can run avx512, avx2',
    );
  });

  it('says that there is none for a platform', () => {
    expect(
      reason(
        loadLibrary(
          undefined,
          NAME,
          () => undefined,
          () => addon,
        ),
      ),
    ).toBe(`there is no library for ${process.platform} on ${process.arch}`);
  });

  it('loads nothing that is not the file that kdpipe came with', () => {
    let opened = 0;
    const open = () => opened++;
    expect(reason(loaded('00', open))).toBe(`${NAME} is not the library that kdpipe came with: install it again`);
    expect(opened).toBe(0);
  });

  it('says why a library does not load, and what a processor lacks', () => {
    const refused = () => {
      throw new Error('invalid ELF header');
    };
    expect(reason(loaded(right, refused))).toBe(`${NAME} does not load: invalid ELF header`);
    expect(reason(loaded(right, () => ({ kernels: 1 })))).toBe(`${NAME} is no library of kdpipe`);
    expect(reason(loaded(right, () => ({ ...addon, kernels: () => [] })))).toBe('this processor lacks AVX2 and FMA');
  });
});
