import { readFileSync } from 'node:fs';
import { assetPath } from '../../../util/package-root.ts';
import { joinFlag, relaxedFlag, switchOff, switchOn, thisV8 } from './v8-flags.ts';

/** Bits of a vector at most: 256 needs a processor with AVX2 as well. */
export type VectorBits = 128 | 256;

/** A build of the kernels. */
export interface KernelBuild {
  readonly simd: 'relaxed' | 'plain';
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A compiled build of the kernels. */
export interface Kernels {
  readonly simd: KernelBuild['simd'];
  readonly vectors: VectorBits;
  readonly module: WebAssembly.Module;
}

/** Reads a file of the kernels' folder. */
export type ReadKernels = (name: string) => Uint8Array<ArrayBuffer>;

const fromPackage: ReadKernels = (name) =>
  new Uint8Array(readFileSync(assetPath(`src/ml/engines/wasm/kernels/${name}`)));

/** A custom section without a meaning: V8 compiles a module once for all that have its bytes. */
const MARK = [0, 2, 1, 0x78];

let relaxedAsked = false;

/**
 * Finds the fastest build that this V8 takes: relaxed SIMD (fused multiply-add), else plain SIMD.
 *
 * @param build - `simd` for the plain one in any case
 * @param read - gives a build by its file name
 * @returns the build
 */
export function kernelBuild(build: string | undefined, read: ReadKernels = fromPackage): KernelBuild {
  if (build !== 'simd') {
    if (!relaxedAsked) switchOn(relaxedFlag(thisV8()));
    relaxedAsked = true;
    const relaxed = read('relaxed.wasm');
    if (WebAssembly.validate(relaxed)) return { simd: 'relaxed', bytes: relaxed };
  }
  return { simd: 'plain', bytes: read('simd.wasm') };
}

/**
 * Compiles a build. V8 compiles functions when they are first called, under the flags of that moment: the last call
 * decides for all.
 *
 * @param build - the build
 * @param vectors - 256 lets V8 join pairs of vectors, where it can
 * @returns the kernels
 */
export function compileKernels(build: KernelBuild, vectors: VectorBits): Kernels {
  const { simd, bytes } = build;
  const flag = joinFlag(thisV8());
  if (vectors === 128) switchOff(flag);
  else switchOn(flag);
  return {
    simd,
    vectors,
    module: new WebAssembly.Module(vectors === 128 ? bytes : Uint8Array.from([...bytes, ...MARK])),
  };
}
