import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { unwrap } from '../../core/result.ts';
import { decodeParams } from '../../params/decode-params.ts';
import { StageInterrupted, type StageContext, type StageOutcome } from '../stage-kind.ts';
import { readAddress, resultPath } from './address.ts';
import { downloadTo, type Found } from './download.ts';
import { findOnHub } from './hub.ts';
import { fetchParams, fetchRequired } from './params.ts';

const DECLARATION = { params: fetchParams, required: fetchRequired } as const;

/** Milliseconds between two progress messages. */
const CADENCE = 200;

/** How long a silent connection is waited for, and how often a download is tried: 1, 2, 4 s apart. Milliseconds. */
const patience = { patience: 60_000, attempts: 4, pause: 1000 };

/** A progress callback: the rate is that of this attempt's bytes. */
function reporter(tell: StageContext['tell']): (done: number, total: number) => void {
  let start: { readonly at: number; readonly done: number } | undefined;
  let last = -Infinity;
  return (done, total) => {
    const now = performance.now();
    start ??= { at: now, done };
    if (now - last < CADENCE && done !== total) return;
    last = now;
    const bytesPerSecond = (1000 * (done - start.done)) / Math.max(now - start.at, 1);
    const eta = total > 0 && bytesPerSecond > 0 ? { eta: (total - done) / bytesPerSecond } : {};
    tell({ type: 'progress', unit: 'bytes', done, total, bytesPerSecond, ...eta });
  };
}

/** An environment variable; an empty one is none. */
const variable = (name: string): string | undefined => process.env[name]?.trim() || undefined;

/** A function that finds the file. */
function finder(text: string, signal: AbortSignal): () => Promise<Found> {
  const address = unwrap(readAddress(text));
  if (address.at === 'web') return () => Promise.resolve({ url: address.url, headers: {} });
  const access = { endpoint: variable('HF_ENDPOINT'), token: variable('HF_TOKEN') };
  return () => findOnHub(address, text, access, signal);
}

/**
 * Downloads the file.
 *
 * @param context - the running stage
 * @returns its size
 * @throws FailureError when it cannot be had, or is another file
 * @throws StageInterrupted when the signal is aborted; the next run goes on
 */
export async function run(context: StageContext): Promise<StageOutcome> {
  const { signal, tell, scratch, out } = context;
  const { url, md5, sha256, name } = decodeParams(DECLARATION, context.params, {});
  const path = join(out, resultPath(url, name));
  await mkdir(dirname(path), { recursive: true });
  await mkdir(scratch, { recursive: true });
  const checksums = { ...(md5 !== undefined && { md5 }), ...(sha256 !== undefined && { sha256 }) };
  const callbacks = { progress: reporter(tell), warn: (message: string) => tell({ type: 'warning', message }) };
  try {
    const find = finder(url, signal);
    const wanted = { address: url, folder: scratch, checksums, find, signal, ...patience, ...callbacks };
    return { metrics: { bytes: await downloadTo(wanted, path) } };
  } catch (error) {
    if (signal.aborted) throw new StageInterrupted();
    throw error;
  }
}
