import { DIFFERENT, tryOut } from '../gpu/proof.ts';
import { lastWords } from '../../../util/run-program.ts';

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
  if (status !== 0)
    return { wrong: `its process ended${status === null ? '' : ` with ${status}`}: ${lastWords(said, 3)}` };
  // Our own process writes how the engine describes itself.
  const { tensorflow, device } = JSON.parse(output) as { readonly tensorflow: string; readonly device: string };
  return { version: tensorflow, gpu: device === 'gpu' };
}
