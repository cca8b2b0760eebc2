import { isAlias, isMap, isScalar, isSeq, LineCounter, type Document, type Node, type Pair, type YAMLMap } from 'yaml';
import type { Place } from '../../core/failure.ts';
import { aliasTargets } from '../../util/yaml-nodes.ts';
import type { Locate } from './problems.ts';
import type { Path } from './location.ts';

/** Start and end of a piece of the text, in characters. */
type Span = readonly [start: number, end: number];

/** Turns offsets into lines and columns. */
export class Lines {
  readonly #file: string;
  readonly #text: string;
  readonly #counter = new LineCounter();

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text;
    this.#counter.addNewLine(0);
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#counter.addNewLine(at + 1);
  }

  /** The line of an offset, from 1. */
  lineAt(offset: number): number {
    return this.#counter.linePos(offset).line;
  }

  /** The place of a span; what goes beyond its first line is not underlined. */
  place([start, end]: Span): Place {
    const { line, col: column } = this.#counter.linePos(start);
    const from = start - column + 1;
    const text = this.#text.slice(from, this.#counter.lineStarts[line]);
    const excerpt = text.slice(0, text.length - (text.endsWith('\r\n') ? 2 : Number(text.endsWith('\n'))));
    const width = Math.max(1, Math.min(end, from + excerpt.trimEnd().length) - start);
    return { file: this.#file, line, column, excerpt, width };
  }
}

/** A node and the pair in which it stands. */
interface Found {
  readonly node: unknown;
  readonly pair?: Pair;
}

/** A document as a tree of entries, which are looked for by their keys. */
class Tree {
  readonly #root: unknown;
  readonly #targets: ReadonlyMap<unknown, unknown>;
  /** Entries of mappings that were looked into, without `<<`. */
  readonly #entries = new Map<YAMLMap, ReadonlyMap<string, Pair>>();

  constructor(document: Document) {
    this.#root = document.contents;
    this.#targets = aliasTargets(document);
  }

  /** The deepest node on a path: what is not there is placed at what would hold it. */
  deepest(path: Path): Found & { readonly complete: boolean } {
    let found: Found = { node: this.#root };
    for (const key of path) {
      const next = this.#child(found.node, key);
      if (!next) return { ...found, complete: false };
      found = next;
    }
    return { ...found, complete: true };
  }

  #target(node: unknown): unknown {
    return isAlias(node) ? this.#targets.get(node) : node;
  }

  #child(node: unknown, key: string | number): Found | undefined {
    const target = this.#target(node);
    if (isSeq(target)) {
      const item = typeof key === 'number' ? target.items[key] : undefined;
      return item === undefined ? undefined : { node: item };
    }
    if (!isMap(target)) return undefined;
    const pair = this.#entriesOf(target).get(String(key));
    return pair ? { node: pair.value, pair } : this.#mergedChild(target, key);
  }

  #entriesOf(map: YAMLMap): ReadonlyMap<string, Pair> {
    const known = this.#entries.get(map);
    if (known) return known;
    const own = map.items.filter((item) => !isMerge(item));
    const entries = new Map(own.map((item) => [keyText(item.key), item]));
    this.#entries.set(map, entries);
    return entries;
  }

  /** An entry that a mapping has from `<<`. */
  #mergedChild(map: YAMLMap, key: string | number): Found | undefined {
    for (const { value } of map.items.filter(isMerge)) {
      const target = this.#target(value);
      const sources: readonly unknown[] = isSeq(target) ? target.items : [target];
      for (const source of sources) {
        const found = this.#child(source, key);
        if (found) return found;
      }
    }
    return undefined;
  }
}

/**
 * Tells the merge key `<<` of YAML 1.1 from a text of two such characters.
 *
 * @param pair - an entry of a mapping
 * @param pair.key - its key
 * @returns true where the entry takes in other mappings
 */
export function isMerge({ key }: { readonly key: unknown }): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.value === '<<';
}

/**
 * The text of a mapping's key.
 *
 * @param key - the key's node
 * @returns its text; empty for an empty key and for what is no scalar
 */
export function keyText(key: unknown): string {
  const value = isScalar(key) ? key.value : '';
  return typeof value === 'string' ? value : JSON.stringify(value ?? '');
}

function spanOf(node: unknown): Span | undefined {
  const range = (node as Node | null)?.range;
  return range ? [range[0], range[1]] : undefined;
}

/** Where in a node's text the wrong part stands. */
function narrowSpan(text: string, [start, end]: Span, within: string | undefined): Span {
  const at = within === undefined ? -1 : text.slice(start, end).indexOf(within);
  return within === undefined || at < 0 ? [start, end] : [start + at, start + at + within.length];
}

/**
 * Makes the function that turns paths into places.
 *
 * @param document - the parsed file
 * @param lines - lines of its text
 * @param text - the file's text
 * @returns finds the place of a path; an override's place is the override itself
 */
export function placeFinder(document: Document, lines: Lines, text: string): Locate {
  const tree = new Tree(document);
  return ({ path, override }, { atKey, within }) => {
    if (override !== undefined) return overridePlace(override, within);
    const { node, pair, complete } = tree.deepest(path);
    // A mapping or list as a whole is best shown by the key that it stands under.
    const byKey = pair && (atKey === true || !complete || !isScalar(node) || node.range?.[0] === node.range?.[1]);
    const span = (byKey ? spanOf(pair.key) : undefined) ?? spanOf(node) ?? [0, 0];
    return lines.place(narrowSpan(text, span, within));
  };
}

function overridePlace(override: string, within: string | undefined): Place {
  const at = within === undefined ? -1 : override.indexOf(within);
  const value = override.indexOf('=') + 1;
  const start = at >= 0 ? at : value;
  const width = at >= 0 ? (within ?? '').length : override.length - value;
  return { file: '-S', excerpt: override, column: start + 1, width: Math.max(1, width) };
}
