import { readFileSync } from 'node:fs';
import { fail } from '../../../core/failure.ts';
import { assetPath } from '../../../util/package-root.ts';
import { multipliesRight } from './self-check.ts';
import { joinFlag, relaxedFlag, switchOff, switchOn, thisV8 } from './v8-flags.ts';

/** A compiled build of the kernels. */
export interface Kernels {
  readonly simd: 'relaxed' | 'plain';
  /** Bits of a vector at most: 256 needs a processor with AVX2 as well. */
  readonly vectors: 128 | 256;
  readonly module: WebAssembly.Module;
}

/** What is asked of the kernels. */
export interface KernelWishes {
  /** `simd` takes the plain build in any case (KDPIPE_WASM). */
  readonly build?: string | undefined;
  /** `128` keeps V8 from joining vectors (KDPIPE_VECTORS). */
  readonly vectors?: string | undefined;
}

/** Reads a file of the kernels' folder. */
type ReadKernels = (name: string) => Uint8Array<ArrayBuffer>;

const fromPackage: ReadKernels = (name) =>
  new Uint8Array(readFileSync(assetPath(`src/ml/engines/wasm/kernels/${name}`)));

/** A custom section without a meaning: V8 compiles a module once for all that have its bytes. */
const MARK = [0, 2, 1, 0x78];

/** Compiles with joined vectors where V8 can do that and does it right, else without. */
function compileModule(bytes: Uint8Array<ArrayBuffer>, vectors: string | undefined): Omit<Kernels, 'simd'> {
  const flag = joinFlag(thisV8());
  if (vectors === '128' || flag === null) {
    switchOff(flag);
    return { vectors: 128, module: new WebAssembly.Module(bytes) };
  }
  switchOn(flag);
  const module = new WebAssembly.Module(Uint8Array.from([...bytes, ...MARK]));
  return multipliesRight(module) ? { vectors: 256, module } : compileModule(bytes, '128');
}

let relaxedAsked = false;

/**
 * Compiles the fastest build that this V8 takes: relaxed SIMD (fused multiply-add), else plain SIMD; in vectors of 256 bits
 * where V8 can join two of 128.
 *
 * @param wishes - what to leave out
 * @param read - gives a build by its file name
 * @returns the compiled module
 * @throws FailureError `bad-environment` when the vectors asked for are none that there are
 */
export function loadKernels(wishes: KernelWishes, read: ReadKernels = fromPackage): Kernels {
  const { build, vectors } = wishes;
  if (vectors !== undefined && vectors !== '128' && vectors !== '256')
    return fail({
      code: 'bad-environment',
      message: `KDPIPE_VECTORS is ${JSON.stringify(vectors)}`,
      expected: '128 or 256',
      fix: 'KDPIPE_VECTORS=128',
    });
  if (build !== 'simd') {
    if (!relaxedAsked) switchOn(relaxedFlag(thisV8()));
    relaxedAsked = true;
    const relaxed = read('relaxed.wasm');
    if (WebAssembly.validate(relaxed)) return { simd: 'relaxed', ...compileModule(relaxed, vectors) };
  }
  return { simd: 'plain', ...compileModule(read('simd.wasm'), vectors) };
}
