import { tmpdir } from 'node:os';
import { pythonOf } from '../engines/pytorch/create.ts';
import { installedTensorFlow, type Installed } from '../engines/tensorflow/installed.ts';
import { costOf } from '../engines/tensorflow/release.ts';
import { hasGpuSigns } from '../../util/gpu-signs.ts';
import { lastWords, runProgram } from '../../util/run-program.ts';

/** What an installation takes: bytes. */
export type Cost = ReturnType<typeof costOf>;

/** What is known of GPUs here, beside what engines say of themselves. */
export interface GpuFacts {
  /** Whether a driver shows itself. */
  readonly signs: boolean;
  /** Why PyTorch, where a Python has it, computes on the processor: its own words; null where it does not, or is not there. */
  readonly torchObstacle: string | null;
  readonly tensorflow: Installed | { readonly unavailable: string };
  /** What its installations take. */
  readonly costs: { readonly cpu: Cost; readonly cuda: Cost };
}

/** How long Python may take to import torch, from a slow disk too. Milliseconds. */
const PATIENCE = 60_000;

/** Prints why torch has no GPU; nothing where it has one. Exits 1 without torch. */
const ASK = `
import warnings
warnings.simplefilter("ignore")
import torch
if not (torch.cuda.is_available() or torch.backends.mps.is_available()):
    made_for = torch.version.cuda and "CUDA " + torch.version.cuda or torch.version.hip and "ROCm " + torch.version.hip
    try:
        torch.cuda.init()
        print("no device")
    except Exception as error:
        print((str(error).splitlines() or ["no device"])[0], end="")
        print(f" (torch {torch.__version__}" + (f", made for {made_for})" if made_for else ", made for processors)"))
`;

/**
 * Asks PyTorch, in a process of its own, why it finds no GPU: there is no driver, it is too old, torch is made for processors.
 *
 * @param python - a Python
 * @param patience - milliseconds after which the process is killed
 * @returns its words in a line; null where it finds one, or there is no torch
 */
export async function torchObstacle(python = pythonOf(), patience = PATIENCE): Promise<string | null> {
  const { status, found, output } = await runProgram(python, ['-c', ASK], { cwd: tmpdir(), patience });
  if (found && status === null) return `it did not say within ${patience / 1000} s`;
  const said = lastWords(output.trim(), 1);
  return status === 0 && said !== '' ? said : null;
}

/**
 * Looks for GPUs, and for what would compute on them.
 *
 * @returns what was found
 */
export async function gpuFacts(): Promise<GpuFacts> {
  return {
    signs: hasGpuSigns(),
    torchObstacle: await torchObstacle(),
    tensorflow: installedTensorFlow(),
    costs: { cpu: costOf('cpu'), cuda: costOf('cuda') },
  };
}
