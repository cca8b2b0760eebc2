import { fail } from '../../core/failure.ts';
import { statfs } from 'node:fs/promises';
import type { Part } from './part.ts';
import { Passing, diskRefuses, lost, refusal } from './problems.ts';

/** Where a file is right now, and with what it is asked for. */
export interface Location {
  readonly url: string;
  /** Further headers; a server on another host that it leads to does not get those that authorise. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a transfer is done with. */
export interface Transfer {
  /** The address that the user gave, for messages. */
  readonly address: string;
  readonly folder: string;
  /** True where a checksum will tell whether bytes of two answers belong together. */
  readonly checked: boolean;
  /** Milliseconds without a byte after which the connection counts as dead. */
  readonly patience: number;
  readonly signal: AbortSignal;
  /** Told after each piece; `total` is 0 where the server does not say. */
  readonly progress: (done: number, total: number) => void;
}

/** A strong mark of a version: with a weak one, parts of two answers need not fit. */
function versionOf(headers: Headers): string | undefined {
  // Unpacked on the way: offsets would be those of other bytes.
  if (headers.has('content-encoding')) return undefined;
  const tag = headers.get('etag');
  return tag !== null && tag.startsWith('"') ? tag : (headers.get('last-modified') ?? undefined);
}

/** What asks for the bytes that are missing; nothing where all have to come. */
function rangeOf(part: Part, checked: boolean): Readonly<Record<string, string>> {
  if (part.size === 0 || (part.version === undefined && !checked)) return {};
  return { range: `bytes=${part.size}-`, ...(part.version !== undefined && { 'if-range': part.version }) };
}

/** First byte and length of the whole file, as an answer with a part of it says. */
function placeOf(headers: Headers): { readonly start: number; readonly total: number } {
  const [, start = 'NaN', total = '0'] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
  return { start: Number(start), total: total === '*' ? 0 : Number(total) };
}

/** Makes the part ready for the bytes of an answer; returns the length of the whole file, 0 where it is unknown. */
async function begin(response: Response, part: Part, { address }: Transfer): Promise<number> {
  const { status, headers } = response;
  const version = versionOf(headers);
  if (status === 200) {
    await part.restart(version);
    return headers.has('content-encoding') ? 0 : Number(headers.get('content-length') ?? 0);
  }
  if (status === 206) {
    const { start, total } = placeOf(headers);
    const same = part.version === undefined || version === undefined || version === part.version;
    if (start === part.size && same) return total;
  }
  if (status !== 206 && status !== 416) throw refusal(address, response);
  // A range beyond the end, or another than was asked for: the file has changed.
  await part.restart(undefined);
  throw new Passing(lost(address, 'the file changed on the server'));
}

async function checkRoom(part: Part, total: number, { folder, address }: Transfer): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const [needed, free] = [total - part.size, bavail * bsize];
  if (needed <= free) return;
  fail({
    code: 'disk-full',
    message: `${address} needs ${needed} more bytes, and the disk has room for ${free}`,
    place: { file: folder },
    expected: 'room for the file',
    fix: 'free space on the disk that holds runs/, e.g. with kdpipe gc, and run again',
  });
}

/** Calls `action` when `again` was not called for so long. */
function watchdog(milliseconds: number, action: () => void) {
  const timer = setTimeout(action, milliseconds);
  return { again: () => void timer.refresh(), end: () => clearTimeout(timer) };
}

/**
 * Asks once for the bytes of a file that are missing, and adds those that come.
 *
 * @param location - where the file is
 * @param part - what is there of it
 * @param transfer - deps
 * @throws Passing where another attempt may succeed
 * @throws FailureError where none will
 */
export async function transferOnce(location: Location, part: Part, transfer: Transfer): Promise<void> {
  const { address, checked, patience, signal, progress } = transfer;
  const silence = new AbortController();
  const dog = watchdog(patience, () => silence.abort());
  try {
    const response = await fetch(location.url, {
      headers: { ...location.headers, 'accept-encoding': 'identity', ...rangeOf(part, checked) },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (response.status === 416 && part.size > 0 && isWhole(response, part)) return;
    const total = await begin(response, part, transfer);
    await checkRoom(part, total, transfer);
    progress(part.size, total);
    for await (const bytes of response.body ?? []) {
      dog.again();
      await part.append(bytes as Uint8Array).catch((error: unknown) => diskRefuses(address, error));
      progress(part.size, total);
    }
    if (total > 0 && part.size !== total) throw new Passing(lost(address, `${part.size} of ${total} bytes came`));
  } catch (error) {
    if (signal.aborted) throw error;
    const seconds = patience / 1000;
    throw silence.signal.aborted ? new Passing(lost(address, `nothing came for ${seconds} s`)) : error;
  } finally {
    dog.end();
    silence.abort();
  }
}

/** True where nothing was left to ask for: the file ends where the part does. */
const isWhole = ({ headers }: Response, part: Part): boolean => headers.get('content-range') === `bytes */${part.size}`;
