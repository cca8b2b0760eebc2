import { rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { FailureError, fail } from '../../core/failure.ts';
import type { Checksums } from './checksums.ts';
import { isFilesOwn, UnpacksTooFar, unpackTo } from './packing.ts';
import { Part } from './part.ts';
import { Passing, diskRefuses, understood } from './problems.ts';
import { transferOnce, type Location, type Transfer } from './transfer.ts';

/** A location, and what the host says of the file there. */
export interface Found extends Location {
  /** Checksums that the host keeps of the file; those that the user gives stand beside them. */
  readonly checksums?: Checksums;
}

/** What is downloaded, and how. */
export interface Download extends Omit<Transfer, 'checked'> {
  readonly checksums: Checksums;
  /** Where the file is right now: asked anew for every attempt, because links run out. */
  readonly find: () => Promise<Found>;
  /** Attempts without a single byte before it gives up, ≥ 1. */
  readonly attempts: number;
  /** Wait after the first failed attempt; each further one waits twice as long. Milliseconds. */
  readonly pause: number;
}

/** Most bytes that one of a packed answer becomes, and what any may become: servers pack texts, to a tenth or so. */
const MOST_TIMES = 50;
const SMALL = 2 ** 28;

const failUnpacking = (address: string, packing: string, size: number, most: number): never =>
  fail({
    code: 'unpacks-too-far',
    message: `${address} came packed (${packing}), and its ${size} bytes unpack to more than ${most}`,
    expected: `at most ${MOST_TIMES} times as many bytes`,
    fix: 'download and unpack it by hand, and give its path instead',
  });

const isGiven = (checksums: Checksums): boolean => Object.keys(checksums).length > 0;

/** One attempt; the checksums that the file has to have. */
async function attempt(part: Part, download: Download): Promise<Checksums> {
  const { find, checksums } = download;
  const found = await find();
  const wanted = { ...found.checksums, ...checksums };
  await transferOnce(found, part, { ...download, checked: isGiven(wanted) });
  return wanted;
}

/** Attempts until the file is whole. */
async function whole(part: Part, download: Download): Promise<Checksums> {
  const { address, attempts, pause, warn, signal } = download;
  for (let failed = 0; ;) {
    const before = part.size;
    try {
      return await attempt(part, download);
    } catch (error) {
      signal.throwIfAborted();
      const reason = understood(address, error);
      if (!(reason instanceof Passing)) throw reason;
      failed = part.size > before ? 1 : failed + 1;
      if (failed >= attempts) throw new FailureError([reason.failure]);
      const wait = Math.max(1000 * reason.wait, pause * 2 ** (failed - 1));
      warn(`${reason.message}; trying again in ${wait / 1000} s`);
      await after(wait, undefined, { signal });
    }
  }
}

/**
 * Unpacks bytes that a server packed, though they were asked for as they are: where the checksum says so, or, without one,
 * where the file's name does not say that it is packed itself. Returns where to; undefined where the file is as it came.
 */
async function unpackIfOnlyPacked(
  part: Part,
  { wanted, names }: { readonly wanted: Checksums; readonly names: readonly string[] },
  { address, folder, signal, warn }: Download,
): Promise<string | undefined> {
  const { packing } = part.marks;
  if (packing === undefined) return undefined;
  if (isGiven(wanted) ? !part.sums.mismatch(wanted) : isFilesOwn(packing, names)) return undefined;
  const target = join(folder, 'unpacked');
  const most = Math.max(SMALL, MOST_TIMES * part.size);
  const sums = await unpackTo(part.path, { packing, target, most }, signal).catch((error: unknown) =>
    error instanceof UnpacksTooFar ? failUnpacking(address, packing, part.size, most) : diskRefuses(address, error),
  );
  if (!sums || sums.mismatch(wanted)) return undefined;
  if (!isGiven(wanted))
    warn(`${address} came packed (${packing}) and is kept unpacked; md5 or sha256 would tell which is meant`);
  return target;
}

/** Where the whole file lies, with the checksums that it has to have; begun anew once where it was glued together from two answers. */
async function verified(part: Part, download: Download, names: readonly string[]): Promise<string> {
  const glued = part.size > 0;
  const wanted = await whole(part, download);
  const unpacked = await unpackIfOnlyPacked(part, { wanted, names }, download);
  const wrong = unpacked === undefined ? part.sums.mismatch(wanted) : undefined;
  if (!wrong) return unpacked ?? part.path;
  await part.restart();
  if (glued) return verified(part, download, names);
  const { name, got, expected } = wrong;
  return fail({
    code: 'wrong-checksum',
    message: `${download.address} is not the file that was expected: its ${name} is ${got}`,
    expected: `${name} ${expected}`,
    fix: `check the address; where its publisher has replaced the file on purpose, correct ${name}`,
  });
}

/**
 * Downloads a file: goes on where an earlier attempt stopped, tries again what may pass, and compares checksums. What is
 * kept are the file's own bytes, also where a server labels them as packed.
 *
 * @param download - what, from where, and the folder that keeps what has come
 * @param path - where the whole file goes, on the same disk as the folder
 * @returns its size in bytes
 * @throws FailureError when it cannot be had, or is another file
 * @throws the signal's reason when it was aborted; what has come is kept
 */
export async function downloadTo(download: Download, path: string): Promise<number> {
  const part = await Part.open(download.folder, download.signal);
  let file: string;
  try {
    file = await verified(part, download, [download.address, path]);
  } finally {
    await part.close();
  }
  await rename(file, path);
  return (await stat(path)).size;
}
