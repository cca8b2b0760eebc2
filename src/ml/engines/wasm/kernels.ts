import { fail } from '../../../core/failure.ts';
import { takeRisk } from '../../../util/risk.ts';
import { compileKernels, kernelBuild, type KernelBuild, type Kernels, type ReadKernels } from './kernel-build.ts';
import { joiningIsProven, joiningVerdict } from './proof.ts';
import { joinFlag, thisV8 } from './v8-flags.ts';

/** What is asked of the kernels. */
export interface KernelWishes {
  /** `simd` takes the plain build in any case (KDPIPE_WASM). */
  readonly build?: string | undefined;
  /** `128` keeps V8 from joining vectors (KDPIPE_VECTORS). */
  readonly vectors?: string | undefined;
}

/** What was found out in this process, by build: where no verdict can be kept, not every engine asks for one. */
const found = new Map<KernelBuild['simd'], boolean>();

function joins(build: KernelBuild): boolean {
  const answer = found.get(build.simd) ?? (joinFlag(thisV8()) !== null && joiningIsProven(build));
  found.set(build.simd, answer);
  return answer;
}

/**
 * Compiles the fastest build that this V8 takes, in vectors of 256 bits where V8 can join two of 128 and has proven that
 * it does so right.
 *
 * @param wishes - what to leave out
 * @param read - gives a build by its file name
 * @returns the compiled module
 * @throws FailureError `bad-environment` when the vectors asked for are none that there are
 */
export function loadKernels(wishes: KernelWishes, read?: ReadKernels): Kernels {
  const { vectors } = wishes;
  if (vectors !== undefined && vectors !== '128' && vectors !== '256')
    return fail({
      code: 'bad-environment',
      message: `KDPIPE_VECTORS is ${JSON.stringify(vectors)}`,
      expected: '128 or 256',
      fix: 'KDPIPE_VECTORS=128',
    });
  const build = kernelBuild(wishes.build, read);
  if (vectors === '128' || !joins(build)) return compileKernels(build, 128);
  takeRisk({
    name: "V8's 256-bit vectors",
    without: { KDPIPE_VECTORS: '128' },
    verdict: joiningVerdict(build),
  });
  return compileKernels(build, 256);
}
