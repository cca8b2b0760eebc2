import { readFileSync } from 'node:fs';
import { assetPath } from '../../../util/package-root.ts';
import { askForRelaxed } from './relaxed.ts';

/** A build of the kernels. */
export interface KernelBuild {
  readonly simd: 'relaxed' | 'plain';
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A compiled build of the kernels. */
export interface Kernels {
  readonly simd: KernelBuild['simd'];
  readonly module: WebAssembly.Module;
}

/** Reads a file of the kernels' folder. */
export type ReadKernels = (name: string) => Uint8Array<ArrayBuffer>;

const fromPackage: ReadKernels = (name) =>
  new Uint8Array(readFileSync(assetPath(`src/ml/engines/wasm/kernels/${name}`)));

/**
 * Finds the fastest build that this V8 takes: relaxed SIMD (fused multiply-add), else plain SIMD.
 *
 * @param build - `simd` for the plain one in any case
 * @param read - gives a build by its file name
 * @returns the build
 */
export function kernelBuild(build: string | undefined, read: ReadKernels = fromPackage): KernelBuild {
  if (build !== 'simd') {
    askForRelaxed();
    const relaxed = read('relaxed.wasm');
    if (WebAssembly.validate(relaxed)) return { simd: 'relaxed', bytes: relaxed };
  }
  return { simd: 'plain', bytes: read('simd.wasm') };
}

/**
 * Compiles a build.
 *
 * @param build - the build
 * @returns the kernels
 */
export const compileKernels = ({ simd, bytes }: KernelBuild): Kernels => ({
  simd,
  module: new WebAssembly.Module(bytes),
});
