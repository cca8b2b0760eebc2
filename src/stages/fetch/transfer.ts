import { fail } from '../../core/failure.ts';
import { statfs } from 'node:fs/promises';
import { get, type Answer } from './get.ts';
import { packingOf } from './packing.ts';
import type { Marks, Part } from './part.ts';
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
  readonly warn: (message: string) => void;
}

/** Bytes of an answer without a size after which the room on the disk is looked at again, and what is left of it. */
const LOOKS = 64 * 2 ** 20;
const RESERVE = 512 * 2 ** 20;

/** What an answer says of the file: a strong mark of its version; with a weak one, parts of two answers need not fit. */
function marksOf(headers: Headers): Marks {
  const packing = packingOf(headers);
  const tag = headers.get('etag');
  if (tag !== null && tag.startsWith('"')) return { packing, version: tag };
  // Of bytes that were packed on the way, a time says nothing.
  return { packing, version: packing === undefined ? (headers.get('last-modified') ?? undefined) : undefined };
}

/** What asks for the bytes that are missing; nothing where all have to come. */
function rangeOf(part: Part, checked: boolean): Readonly<Record<string, string>> {
  const { version } = part.marks;
  if (part.size === 0 || (version === undefined && !checked)) return {};
  return { range: `bytes=${part.size}-`, ...(version !== undefined && { 'if-range': version }) };
}

/** First byte and length of the whole file, as an answer with a part of it says. */
function placeOf(headers: Headers): { readonly start: number; readonly total: number } {
  const [, start = 'NaN', total = '0'] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
  return { start: Number(start), total: total === '*' ? 0 : Number(total) };
}

/** Whether an answer with a part may be of the file that was begun; what is not said again is as it was. */
function mayBelong(now: Marks, before: Marks): boolean {
  const fits = (one: string | undefined, other: string | undefined) => one === undefined || one === other;
  return fits(now.packing, before.packing) && (before.version === undefined || fits(now.version, before.version));
}

/** Makes the part ready for the bytes of an answer; returns the length of the whole file, 0 where it is unknown. */
async function begin(answer: Answer, part: Part, { address }: Transfer): Promise<number> {
  const { status, headers } = answer;
  const marks = marksOf(headers);
  if (status === 200) {
    await part.restart(marks);
    return Number(headers.get('content-length') ?? 0);
  }
  if (status === 206) {
    const { start, total } = placeOf(headers);
    if (start === part.size && mayBelong(marks, part.marks)) return total;
  }
  if (status !== 206 && status !== 416) throw refusal(address, answer);
  // A range beyond the end, or another than was asked for: the file has changed.
  await part.restart();
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

/** An answer that ends with its connection: cut off, it looks the same. */
const isUnsized = ({ headers }: Answer): boolean =>
  !headers.has('content-length') && !headers.has('content-range') && !headers.has('transfer-encoding');

const unsizedText = (address: string): string =>
  `${address} came without a size, so that nothing tells whether it is whole; md5 or sha256 would`;

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
    const headers = { ...location.headers, 'accept-encoding': 'identity', ...rangeOf(part, checked) };
    const answer = await get(location.url, headers, AbortSignal.any([signal, silence.signal]));
    if (answer.status === 416 && part.size > 0 && isWhole(answer, part)) return;
    const total = await begin(answer, part, transfer);
    await checkRoom(part, total, transfer);
    progress(part.size, total);
    let looked = part.size;
    for await (const bytes of answer.body) {
      dog.again();
      await part.append(bytes).catch((error: unknown) => diskRefuses(address, error));
      progress(part.size, total);
      if (total > 0 || part.size - looked < LOOKS) continue;
      looked = part.size;
      // An answer that never says its size may have no end: it gets all room but what others need.
      await checkRoom(part, part.size + RESERVE, transfer);
    }
    if (isUnsized(answer) && !checked) transfer.warn(unsizedText(address));
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
const isWhole = ({ headers }: Answer, part: Part): boolean => headers.get('content-range') === `bytes */${part.size}`;
