import { assetPath } from '../../../util/package-root.ts';
import type { EngineOptions, EngineResult } from '../engine.ts';
import type { HalfPrecision } from '../target.ts';
import { CompiledEngine } from '../compiled-engine.ts';
import { Channel, type Ended } from './channel.ts';
import { PyTorchExecutor, type Introduction } from './executor.ts';
import { PYTORCH_TARGET } from './target.ts';

/**
 * The Python that is asked for, or the first one on the path.
 *
 * @returns its command
 */
export const pythonOf = (): string =>
  process.env['KDPIPE_PYTHON'] ?? (process.platform === 'win32' ? 'python' : 'python3');

/** Arguments of Python: answers are not held back, nothing is written beside the program. */
const PROGRAM: readonly string[] = ['-u', '-B', assetPath('src/ml/engines/pytorch/program')];

/** What records rounds that are made again and again: what suits the device, or the one that is named. */
export type Recorder = 'auto' | 'graph' | 'trace';

/** What the program is told of all that it will be asked. */
interface Greeting {
  /** Of a CPU, at least 1. */
  readonly threads: number;
  /** Output channels of a filter panel, as `Target.panel`; the target's by default. */
  readonly panel?: number;
  readonly record?: Recorder;
  /** What half precision is; what suits the device by default. */
  readonly half?: HalfPrecision;
}

/**
 * Asks the program who it is.
 *
 * @param channel - to it
 * @param greeting - threads, layout of filters, recorder
 * @returns versions and device, or how it ended instead
 */
export function introduced(channel: Channel, greeting: Greeting): Introduction | Ended {
  const { threads, panel = PYTORCH_TARGET.panel, record = 'auto', half = null } = greeting;
  const answer = channel.ask({ request: 'hello', panel, threads, record, half });
  // Our own program says it.
  return 'ended' in answer ? answer : (answer.header as unknown as Introduction);
}

/**
 * Threads that wait for each other spin for some ten microseconds, and then let others work, unless the environment says otherwise: a machine
 * is shared by several stages. Threads that never spin take twice as long for a step of small operations.
 */
const PATIENT = { GOMP_SPINCOUNT: '20000', KMP_BLOCKTIME: '1' };

/**
 * glibc keeps what is let go for what comes next: else it gives large tensors back to the system, whose zeroed pages are a fifth of the
 * time of a step of small maps. Other allocators do not read it.
 */
const KEPT = {
  MALLOC_MMAP_THRESHOLD_: String(2 ** 32),
  MALLOC_TRIM_THRESHOLD_: String(2 ** 36),
  MALLOC_TOP_PAD_: String(2 ** 26),
};

/**
 * Starts the program.
 *
 * @param python - path or name of a Python
 * @returns a channel to it
 */
export const startProgram = (python: string): Channel =>
  new Channel({ command: python, args: PROGRAM, env: { ...PATIENT, ...KEPT, ...process.env } });

/** Why there is no PyTorch: a half sentence. */
function reasonOf(python: string, { ended, said }: Ended): string {
  if (ended === 'ENOENT') return `there is no ${python} (KDPIPE_PYTHON names a Python that has torch)`;
  const [last = ''] = said.split('\n').slice(-1);
  if (last.includes("No module named 'torch'"))
    return `${python} has no torch (pip install torch, or KDPIPE_PYTHON names a Python that has it)`;
  return `${python} ended with ${ended}${last && `: ${last}`}`;
}

/**
 * Makes the pytorch engine: a process of Python with torch, on the best device that torch has.
 *
 * @param options - memory is the device's
 * @param options.threads - of a CPU
 * @returns the engine, or why it cannot run here
 */
export async function createPyTorch({ threads }: EngineOptions): Promise<EngineResult> {
  const python = pythonOf();
  const channel = startProgram(python);
  const introduction = introduced(channel, { threads });
  if ('ended' in introduction) {
    await channel.close();
    return { unavailable: reasonOf(python, introduction) };
  }
  return { engine: new CompiledEngine(new PyTorchExecutor(channel, introduction)) };
}
