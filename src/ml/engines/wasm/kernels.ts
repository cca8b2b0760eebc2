import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { assetPath } from '../../../util/package-root.ts';
import { relaxedFlag } from './v8-flags.ts';

/** What a build of the kernels exports. */
export interface KernelExports {
  readonly __stack_pointer: WebAssembly.Global;
  readonly __heap_base: WebAssembly.Global;
  run(board: number, threads: number): void;
  end(board: number): void;
}

/** A compiled build of the kernels. */
export interface Kernels {
  readonly simd: 'relaxed' | 'plain';
  readonly module: WebAssembly.Module;
}

let asked = false;

/** Node 20 has relaxed SIMD behind a flag that can be set while it runs. */
function askForRelaxed(): void {
  const flag = relaxedFlag({ version: process.versions.v8 });
  if (!asked && flag !== null) setFlagsFromString(flag);
  asked = true;
}

/** Reads a file of the kernels' folder. */
type ReadKernels = (name: string) => Uint8Array<ArrayBuffer>;

const fromPackage: ReadKernels = (name) =>
  new Uint8Array(readFileSync(assetPath(`src/ml/engines/wasm/kernels/${name}`)));

/**
 * Compiles the fastest build that this V8 takes: relaxed SIMD (fused multiply-add), else plain 128-bit SIMD.
 *
 * @param wanted - `simd` takes the plain build in any case (KDPIPE_WASM)
 * @param read - gives a build by its file name
 * @returns the compiled module
 */
export function loadKernels(wanted: string | undefined, read: ReadKernels = fromPackage): Kernels {
  if (wanted !== 'simd') {
    askForRelaxed();
    const relaxed = read('relaxed.wasm');
    if (WebAssembly.validate(relaxed)) return { simd: 'relaxed', module: new WebAssembly.Module(relaxed) };
  }
  return { simd: 'plain', module: new WebAssembly.Module(read('simd.wasm')) };
}
