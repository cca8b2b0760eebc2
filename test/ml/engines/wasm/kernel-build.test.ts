import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileKernels, kernelBuild } from '../../../../src/ml/engines/wasm/kernel-build.ts';
import { assetPath } from '../../../../src/util/package-root.ts';

const bytesOf = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(assetPath(`src/ml/engines/wasm/kernels/${name}`)));

/** A module with an instruction that no V8 knows: what a relaxed build is to a V8 without relaxed SIMD. */
function withUnknownInstruction(): Uint8Array<ArrayBuffer> {
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const oneFunction = [1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0];
  const body = [10, 7, 1, 5, 0, 0xfd, 0xff, 0x7f, 0x0b];
  return Uint8Array.from([...header, ...oneFunction, ...body]);
}

describe('kernelBuild', () => {
  it('takes relaxed SIMD where V8 has it', () => {
    expect(kernelBuild(undefined).simd).toBe('relaxed');
  });

  it('takes the plain build where V8 refuses the relaxed one, or where it is told to', () => {
    const asked: string[] = [];
    const read = (name: string) => {
      asked.push(name);
      return name === 'relaxed.wasm' ? withUnknownInstruction() : bytesOf(name);
    };
    expect(kernelBuild(undefined, read).simd).toBe('plain');
    expect(asked).toEqual(['relaxed.wasm', 'simd.wasm']);
    expect(kernelBuild('simd', read).simd).toBe('plain');
    expect(asked.slice(2)).toEqual(['simd.wasm']);
  });
});

describe('the two builds', () => {
  it('want and give the same', () => {
    const [relaxed, plain] = ['relaxed.wasm', 'simd.wasm'].map((name) => new WebAssembly.Module(bytesOf(name)));
    expect(WebAssembly.Module.exports(plain!)).toEqual(WebAssembly.Module.exports(relaxed!));
    expect(WebAssembly.Module.imports(plain!)).toEqual(WebAssembly.Module.imports(relaxed!));
  });

  it('say which they are when they are compiled', () => {
    expect(compileKernels(kernelBuild('simd')).simd).toBe('plain');
  });
});
