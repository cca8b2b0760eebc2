import { readFile } from 'node:fs/promises';
import { isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Node, type YAMLMap } from 'yaml';
import { FailureError, type Failure, type Place } from '../../core/failure.ts';
import { aliasTargets, noteDuplicateKeys } from '../../util/yaml-nodes.ts';
import { failed, failure, success, type Result } from '../../core/result.ts';
import { none } from '../../cells/labels.ts';
import { formatList, nameAdvice } from '../../util/text.ts';

/** A single value of YAML's core schema. */
export type Scalar = string | number | boolean | null;

/** One line of other people's numbers. */
export interface PublishedRow {
  /** What it says of the experiment: values by name of an axis or a parameter. What it leaves out may be anything. */
  readonly row: ReadonlyMap<string, Scalar>;
  /** Numbers, or texts such as `0.75 ± 0.01`, by name of `columns`. */
  readonly columns: ReadonlyMap<string, number | string>;
  /** Where they were published. */
  readonly source: string;
  /** Where it stands in its file. */
  readonly place: Place;
}

/** The names that a table's published numbers may use. */
export interface PublishedNames {
  readonly table: string;
  /** Axes and parameters of the table's cells and of those that they refer to; a dotted name reaches through one. */
  readonly rows: ReadonlySet<string>;
  readonly columns: ReadonlySet<string>;
}

/** Largest file that is read; bytes. */
const largest = 2 ** 20;

/** What a file of published numbers looks like. */
const shape = 'a list of { row: { model: … }, columns: { test.accuracy: … }, source: … }';

/** Tells single values, among them finite numbers only, from everything else. */
function isValue(value: unknown): value is Scalar {
  if (typeof value === 'number') return Number.isFinite(value);
  return value === null || typeof value === 'string' || typeof value === 'boolean';
}

/** Reads one file, and collects all its problems. */
class PublishedReader {
  readonly failures: Failure[] = [];
  private readonly file: string;
  private readonly names: PublishedNames;
  private readonly lines: LineCounter;

  constructor(file: string, names: PublishedNames, lines: LineCounter) {
    this.file = file;
    this.names = names;
    this.lines = lines;
  }

  private place(at: number): Place {
    const { line, col } = this.lines.linePos(at);
    return { file: this.file, line, column: col };
  }

  private addFailure(at: number, message: string, hints: { readonly expected?: string; readonly fix?: string }): void {
    this.failures.push({ code: 'bad-published', message, place: this.place(at), ...hints });
  }

  /** Reads a mapping of scalars whose names the table knows. */
  private named(entry: YAMLMap, key: 'row' | 'columns'): ReadonlyMap<string, Scalar> {
    const known = key === 'row' ? this.names.rows : this.names.columns;
    const node: unknown = entry.get(key, true);
    const values = new Map<string, Scalar>();
    if (!isMap(node)) {
      this.addFailure(start(entry), `the entry has no mapping "${key}"`, { expected: shape });
      return values;
    }
    for (const { key: keyNode, value } of node.items) {
      const name = String(isScalar(keyNode) ? keyNode.value : keyNode);
      const at = start(keyNode as Node);
      if (!known.has(name) && !(key === 'row' && known.has(name.split('.')[0] ?? ''))) {
        const fix = nameAdvice(name, known);
        const expected =
          key === 'row' ? 'an axis or a parameter of its cells' : `one of its columns: ${formatList([...known])}`;
        this.addFailure(at, `table ${this.names.table} has no "${name}"`, { expected, ...(fix ? { fix } : {}) });
      } else if (isScalar(value) && isValue(value.value)) values.set(name, value.value);
      else this.addFailure(at, `"${name}" is not a single value`, { expected: 'a number or a text' });
    }
    return values;
  }

  /** Reads one entry of the list. */
  entry(node: unknown): PublishedRow | undefined {
    if (!isMap(node)) {
      this.addFailure(start(node as Node), 'the entry is not a mapping', { expected: shape });
      return undefined;
    }
    const row = this.named(node, 'row');
    const columns = this.named(node, 'columns');
    const source = node.get('source');
    if (typeof source !== 'string' || source.trim() === '') {
      this.addFailure(start(node), 'the entry does not say where its numbers come from', {
        expected: 'source: a text',
      });
      return undefined;
    }
    const cell = (value: Scalar): number | string => (typeof value === 'number' ? value : String(value ?? none));
    const place = this.place(start(node));
    return { row, columns: new Map([...columns].map(([name, value]) => [name, cell(value)])), source, place };
  }
}

/** Offset of a node in its text. */
const start = (node: Node | null | undefined): number => node?.range?.[0] ?? 0;

/**
 * Reads published numbers: a YAML list of `{ row, columns, source }`.
 *
 * @param text - the file's text
 * @param file - its name, for failures
 * @param names - what the table that shows them knows
 * @returns the rows, in order; a failure for each problem of the file
 */
export function parsePublished(text: string, file: string, names: PublishedNames): Result<readonly PublishedRow[]> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, schema: 'core', uniqueKeys: false });
  noteDuplicateKeys(document);
  const reader = new PublishedReader(file, names, lines);
  // What follows the first error of YAML is mostly its echo.
  const broken = document.errors.slice(0, 1).map((error): Failure => {
    const { line, col } = lines.linePos(error.pos[0]);
    const message = error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? error.code;
    return { code: 'bad-published', message, place: { file, line, column: col }, expected: shape };
  });
  if (broken.length > 0) return failed(broken);
  if (!isSeq(document.contents)) {
    return failure({
      code: 'bad-published',
      message: 'the file is not a list',
      place: { file, line: 1 },
      expected: shape,
    });
  }
  // A text that every entry repeats, the source, may be an alias; of whole entries it would be a second copy.
  const targets = aliasTargets(document);
  visit(document, { Alias: (_key, alias) => [targets.get(alias)].find(isScalar) });
  const rows = document.contents.items.flatMap((item) => reader.entry(item) ?? []);
  return reader.failures.length > 0 ? failed(reader.failures) : success(rows);
}

/**
 * Reads a file of published numbers.
 *
 * @param path - absolute path
 * @param file - the path as failures show it
 * @param names - what the table that shows them knows
 * @returns the rows
 * @throws FailureError when the file cannot be read, is larger than 1 MiB, or is not what it should be
 */
export async function readPublished(
  path: string,
  file: string,
  names: PublishedNames,
): Promise<readonly PublishedRow[]> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const message = `cannot read the published numbers of table ${names.table}: ${(error as Error).message}`;
    throw new FailureError([{ code: 'unreadable-published', message, place: { file }, expected: shape }]);
  }
  if (bytes.length > largest) {
    const message = `the published numbers of table ${names.table} take ${bytes.length} bytes`;
    throw new FailureError([{ code: 'bad-published', message, place: { file }, expected: `at most ${largest} bytes` }]);
  }
  const rows = parsePublished(bytes.toString('utf8'), file, names);
  if (!rows.ok) throw new FailureError(rows.failures);
  return rows.value;
}
