/**
 * A process that tries out on itself what could kill it: trains a little with vectors of 128 bits, then with joined ones,
 * and exits 0 when every bit is the same. Argument: the build of the kernels.
 */
import { compileKernels, kernelBuild } from './kernel-build.ts';
import { DIFFERENT } from './proof.ts';
import { sameStates, trainABit } from './sample.ts';

const build = kernelBuild(process.argv[2] === 'plain' ? 'simd' : undefined);
const plain = await trainABit(compileKernels(build, 128));
const joined = await trainABit(compileKernels(build, 256));
process.exitCode = sameStates(plain, joined) ? 0 : DIFFERENT;
