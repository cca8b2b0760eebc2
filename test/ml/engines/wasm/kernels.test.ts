import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { kernelBuild } from '../../../../src/ml/engines/wasm/kernel-build.ts';
import { loadKernels } from '../../../../src/ml/engines/wasm/kernels.ts';
import { joiningIsProven } from '../../../../src/ml/engines/wasm/proof.ts';
import { joinFlag, thisV8 } from '../../../../src/ml/engines/wasm/v8-flags.ts';
import { assetPath } from '../../../../src/util/package-root.ts';
import { onRisk } from '../../../../src/util/risk.ts';

const bytesOf = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(assetPath(`src/ml/engines/wasm/kernels/${name}`)));

/** A module with an instruction that no V8 knows: what a relaxed build is to a V8 without relaxed SIMD. */
function withUnknownInstruction(): Uint8Array<ArrayBuffer> {
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const oneFunction = [1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0];
  const body = [10, 7, 1, 5, 0, 0xfd, 0xff, 0x7f, 0x0b];
  return Uint8Array.from([...header, ...oneFunction, ...body]);
}

describe('loadKernels', () => {
  it('takes relaxed SIMD where V8 has it', () => {
    expect(loadKernels({}).simd).toBe('relaxed');
  });

  it('takes the plain build where V8 refuses the relaxed one, or where it is told to', () => {
    const asked: string[] = [];
    const read = (name: string) => {
      asked.push(name);
      return name === 'relaxed.wasm' ? withUnknownInstruction() : bytesOf(name);
    };
    expect(loadKernels({}, read).simd).toBe('plain');
    expect(asked).toEqual(['relaxed.wasm', 'simd.wasm']);
    expect(loadKernels({ build: 'simd' }, read).simd).toBe('plain');
    expect(asked.slice(2)).toEqual(['simd.wasm']);
  });

  it('says how wide its vectors may be, and keeps them narrow where it is told to', () => {
    const wide = joinFlag(thisV8()) !== null && joiningIsProven(kernelBuild(undefined));
    expect(loadKernels({}).vectors).toBe(wide ? 256 : 128);
    expect(loadKernels({ vectors: '128' }).vectors).toBe(128);
    expect(() => loadKernels({ vectors: '512' })).toThrow('KDPIPE_VECTORS is "512"');
  });

  it('says what it risks before it takes wide vectors, and nothing where it takes none', () => {
    const risks: string[] = [];
    onRisk(({ name, without }) => risks.push(`${name} ${JSON.stringify(without)}`));
    loadKernels({ vectors: '128' });
    expect(risks).toEqual([]);
    const { vectors } = loadKernels({});
    expect(risks).toEqual(vectors === 256 ? [`V8's 256-bit vectors {"KDPIPE_VECTORS":"128"}`] : []);
  });

  it('has two builds that want and give the same', () => {
    const [relaxed, plain] = ['relaxed.wasm', 'simd.wasm'].map((name) => new WebAssembly.Module(bytesOf(name)));
    expect(WebAssembly.Module.exports(plain!)).toEqual(WebAssembly.Module.exports(relaxed!));
    expect(WebAssembly.Module.imports(plain!)).toEqual(WebAssembly.Module.imports(relaxed!));
  });
});
