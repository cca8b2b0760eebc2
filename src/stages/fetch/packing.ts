import { createReadStream, createWriteStream } from 'node:fs';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { Sums } from './checksums.ts';

/** A way in which servers pack bytes. */
interface Packing {
  /** Endings of the names of files that are packed so themselves. */
  readonly endings: RegExp;
  readonly unpack: () => Duplex;
}

const gzip: Packing = { endings: /\.(?:t?gz|gzip|taz|svgz)$/i, unpack: createGunzip };

/** By the word of `Content-Encoding`; others (`aws-chunked`, `utf-8`) say nothing of the bytes. */
const packings: Readonly<Record<string, Packing>> = {
  gzip,
  'x-gzip': gzip,
  deflate: { endings: /\.(?:zz|zlib)$/i, unpack: createInflate },
  br: { endings: /\.br$/i, unpack: createBrotliDecompress },
};

/**
 * The packing that an answer is labelled with, though none was asked for.
 *
 * @param headers - of the answer
 * @returns its name; undefined where the bytes are the file's without doubt
 */
export function packingOf(headers: Headers): string | undefined {
  const word = headers.get('content-encoding')?.trim().toLowerCase() ?? '';
  return Object.hasOwn(packings, word) ? word : undefined;
}

/**
 * Tells whether a label only repeats what a file is: Apache's `AddEncoding x-gzip .gz` puts it on every such file.
 *
 * @param packing - the label
 * @param names - what the file is called
 * @returns true when the packed bytes are the file
 */
export function isFilesOwn(packing: string, names: readonly string[]): boolean {
  return names.some((name) => packings[packing]?.endings.test(name.replace(/[?#].*$/, '')));
}

/** A packed file that becomes far more than it is. */
export class UnpacksTooFar extends Error {
  constructor() {
    super('it unpacks to more than it may');
    this.name = 'UnpacksTooFar';
  }
}

/**
 * Unpacks a file.
 *
 * @param path - the file
 * @param how - how it is packed, where the bytes go, and how many there may be
 * @param how.packing - its name
 * @param how.target - path of a new file
 * @param how.most - bytes
 * @param signal - aborted to stop
 * @returns their checksums; undefined where it is not packed so
 * @throws UnpacksTooFar where there are more bytes, the system's error where the disk does not take them
 */
export async function unpackTo(
  path: string,
  { packing, target, most }: { readonly packing: string; readonly target: string; readonly most: number },
  signal: AbortSignal,
): Promise<Sums | undefined> {
  const unpack = packings[packing]?.unpack;
  if (!unpack) return undefined;
  const sums = new Sums();
  const count = async function* (source: AsyncIterable<Buffer>) {
    let size = 0;
    for await (const bytes of source) {
      if ((size += bytes.length) > most) throw new UnpacksTooFar();
      sums.update(bytes);
      yield bytes;
    }
  };
  try {
    await pipeline(createReadStream(path), unpack(), count, createWriteStream(target), { signal });
    return sums;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (/^(?:Z_|ERR__ERROR)/.test(code)) return undefined;
    throw error;
  }
}
