import { appendFileSync, readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { Key } from '../core/plan.ts';
import type { Hint } from './entry.ts';
import { isKey } from './layout.ts';
import { withParent, writeWhole } from '../util/write-whole.ts';

/** Length of a checksum and the blank after it. */
const keyStart = 9;
const keyEnd = keyStart + 64;

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, '0');

/** `<checksum> <key> <hint as JSON>`, checksum of all that follows it. */
function lineOf(key: Key, hint: Hint): string {
  const text = `${key} ${JSON.stringify([hint.manifest, hint.folders, hint.files, hint.outputs])}`;
  return `${checksum(text)} ${text}`;
}

function parseLine(line: string): Hint | undefined {
  if (checksum(line.slice(keyStart)) !== line.slice(0, keyStart - 1)) return undefined;
  const [manifest, folders, files, outputs] = JSON.parse(line.slice(keyEnd)) as [
    Hint['manifest'],
    Hint['folders'],
    Hint['files'],
    Hint['outputs'],
  ];
  return { manifest, folders, files, outputs };
}

/** The last line of each key, unchecked. */
function readLines(file: string): { readonly lines: Map<Key, string>; readonly count: number } {
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // Without an index every find reads the manifest, and writes a new index on the way.
  }
  const lines = new Map<Key, string>();
  const all = text.split('\n');
  for (const line of all) {
    const key = line.slice(keyStart, keyEnd);
    if (isKey(key)) lines.set(key, line);
  }
  return { lines, count: all.length };
}

/** An index is written anew when it has this many times more lines than keys, and `fewLines` at least. */
const waste = 3;
const fewLines = 1000;

/**
 * What was seen of valid entries, in one file, so that finding 10,000 of them does not read 10,000 manifests. Any number
 * of processes append to it. A line that is torn, or whose checksum is wrong, counts as absent; and a whole one is
 * believed only as far as the stamps in it hold.
 */
export class HintIndex {
  readonly #file: string;
  #hints: Map<Key, Hint | string> | undefined;

  /**
   * @param file - path of the index; read when the first hint is asked for
   */
  constructor(file: string) {
    this.#file = file;
  }

  /**
   * Looks a hint up.
   *
   * @param key - the entry's key
   * @returns what was seen of the entry, if anything is known
   */
  get(key: Key): Hint | undefined {
    const hints = (this.#hints ??= this.#read());
    const known = hints.get(key);
    if (typeof known !== 'string') return known;
    const hint = parseLine(known);
    if (hint) hints.set(key, hint);
    else hints.delete(key);
    return hint;
  }

  /**
   * Takes a hint into the index.
   *
   * @param key - the entry's key
   * @param hint - what was seen of the entry
   */
  put(key: Key, hint: Hint): void {
    (this.#hints ??= this.#read()).set(key, hint);
    // The line break comes first: whatever a killed process left unfinished, it does not spoil this line.
    const line = `\n${lineOf(key, hint)}`;
    try {
      withParent(this.#file, () => appendFileSync(this.#file, line));
    } catch {
      // A full or read-only disk: the next process reads the manifest again.
    }
  }

  #read(): Map<Key, Hint | string> {
    const { lines, count } = readLines(this.#file);
    if (count > Math.max(fewLines, waste * lines.size)) this.#rewrite(lines.values());
    return lines;
  }

  #rewrite(lines: Iterable<string>): void {
    try {
      writeWhole(this.#file, ['', ...lines].join('\n'));
    } catch {
      // The long one serves as well.
    }
  }
}
