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

/**
 * Unpacks a file.
 *
 * @param path - the file
 * @param packing - how it is packed
 * @param target - where the bytes go
 * @param signal - aborted to stop
 * @returns their checksums; undefined where it is not packed so
 * @throws the system's error where the disk does not take it
 */
export async function unpackTo(
  path: string,
  packing: string,
  target: string,
  signal: AbortSignal,
): Promise<Sums | undefined> {
  const unpack = packings[packing]?.unpack;
  if (!unpack) return undefined;
  const sums = new Sums();
  const count = async function* (source: AsyncIterable<Buffer>) {
    for await (const bytes of source) {
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
