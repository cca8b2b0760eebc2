import { lastWords } from '../../../util/run-program.ts';
import { DIFFERENT, UNAVAILABLE } from '../self-test/ends.ts';
import { tryOut } from '../self-test/proof.ts';

/** What was found out. */
export interface Proof {
  /** TensorFlow's. */
  readonly version: string;
  /** Whether it computes on a GPU. */
  readonly gpu: boolean;
}

/**
 * Tries an installation out in a process of its own: a small network is trained with it.
 *
 * @param folder - with the module in it
 * @returns which TensorFlow computes right, or what went wrong: a half sentence
 */
export async function proveInstallation(folder: string): Promise<Proof | { readonly wrong: string }> {
  const { status, output, said } = await tryOut('tensorflow', { env: { KDPIPE_TENSORFLOW: folder } });
  if (status === DIFFERENT) return { wrong: 'a small network becomes another one than with the reference engine' };
  // Our own process writes its output.
  if (status === UNAVAILABLE) return { wrong: (JSON.parse(output) as { readonly unavailable: string }).unavailable };
  if (status !== 0)
    return { wrong: `its process ended${status === null ? '' : ` with ${status}`}: ${lastWords(said, 3)}` };
  const { tensorflow, device } = JSON.parse(output) as { readonly tensorflow: string; readonly device: string };
  return { version: tensorflow, gpu: device === 'gpu' };
}
