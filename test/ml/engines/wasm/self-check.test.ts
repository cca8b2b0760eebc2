import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadKernels } from '../../../../src/ml/engines/wasm/kernels.ts';
import { multipliesRight } from '../../../../src/ml/engines/wasm/self-check.ts';
import { assetPath } from '../../../../src/util/package-root.ts';

const bytesOf = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(assetPath(`src/ml/engines/wasm/kernels/${name}`)));

/** `f32x4.mul` of the plain build's bytes, made `f32x4.add`: each is two bytes of one value, so the module stays valid. */
function addingForMultiplying(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const spoilt = bytes.slice();
  for (let i = 0; i + 2 < spoilt.length; i++)
    if (spoilt[i] === 0xfd && spoilt[i + 1] === 0xe6 && spoilt[i + 2] === 0x01) spoilt[i + 1] = 0xe4;
  return spoilt;
}

describe('multipliesRight', () => {
  it('accepts both builds of the kernels, as this V8 compiles them', () => {
    expect(multipliesRight(loadKernels({ vectors: '128' }).module)).toBe(true);
    expect(multipliesRight(loadKernels({}).module)).toBe(true);
    expect(multipliesRight(loadKernels({ build: 'simd' }).module)).toBe(true);
  });

  it('refuses kernels that compute something else', () => {
    const spoilt = addingForMultiplying(bytesOf('simd.wasm'));
    expect(multipliesRight(new WebAssembly.Module(spoilt))).toBe(false);
  });
});
