import { isAlias, isMap, isScalar, isSeq, parseDocument, type Document, type YAMLMap } from 'yaml';
import type { Failure } from '../../core/failure.ts';
import { isJsonObject, isList, type Json, type JsonObject } from '../../core/json.ts';
import { failed, failure, success, type Result } from '../../core/result.ts';
import { aliasTargets, noteDuplicateKeys } from '../../util/yaml-nodes.ts';
import { isMerge, keyText, Lines, placeFinder } from '../source/place.ts';
import type { Locate } from '../source/problems.ts';
import { mostProblems } from '../source/budget.ts';
import { DEEPEST } from '../source/value-size.ts';
import { tooDeep, unreadable, type Source } from './readable.ts';
import { syntaxFailures } from './syntax.ts';

export type { Source } from './readable.ts';

/** What MD5, SHA-1 and SHA-256 are written like. */
const CHECKSUM = /^(?:[\da-f]{32}|[\da-f]{40}|[\da-f]{64})$/i;

/** A pipeline file as JSON values, with the way back to its text. */
export interface PipelineDocument {
  readonly file: string;
  readonly root: JsonObject;
  readonly locate: Locate;
}

/** Most values that aliases may stand for, all together. An alias bomb doubles them with every line. */
const MOST_ALIASED = 50_000;

/** What YAML's core schema knows; every other tag is refused. */
const CORE_TAGS = /^(?:!|tag:yaml\.org,2002:(?:null|bool|int|float|str|map|seq))$/;

/** Reads values out of the parsed nodes, and notes whatever is no plain JSON. */
class Reader {
  readonly failures: Failure[] = [];
  readonly #targets: ReadonlyMap<unknown, unknown>;
  readonly #lines: Lines;
  readonly #open = new Set<unknown>();
  #aliases = 0;
  #aliased = 0;

  constructor(document: Document, lines: Lines) {
    this.#targets = aliasTargets(document);
    this.#lines = lines;
  }

  value(node: unknown, depth = 0): Json {
    if (this.#aliases > 0 && ++this.#aliased > MOST_ALIASED) return this.#tooMany(node);
    if (depth > DEEPEST)
      return this.#refuse(node, { code: 'too-deep', message: `nested deeper than ${DEEPEST} levels` });
    const tag = (node as { readonly tag?: string } | null)?.tag;
    if (tag !== undefined && !CORE_TAGS.test(tag)) return this.#refuseTag(node, tag);
    if (isAlias(node)) return this.#follow(node, depth);
    if (isMap(node)) return this.mapping(node, depth);
    if (isSeq(node)) return node.items.map((item) => this.value(item, depth + 1));
    return isScalar(node) ? this.#scalar(node) : null;
  }

  mapping(node: YAMLMap, depth: number): JsonObject {
    const object: Record<string, Json> = {};
    for (const { value } of node.items.filter(isMerge)) Object.assign(object, this.#merged(value, depth));
    for (const pair of node.items) {
      const { key, value } = pair;
      const name = keyText(key);
      if (isMerge(pair)) continue;
      if (name === '__proto__') this.#refuse(key, { code: 'bad-key', message: '__proto__ cannot be a key' });
      else object[name] = this.value(value, depth + 1);
    }
    return object;
  }

  /** What `<<` takes in: of several mappings the first that has a key. */
  #merged(node: unknown, depth: number): JsonObject {
    const before = this.failures.length;
    const value = this.value(node, depth + 1);
    if (this.failures.length > before || this.#aliased > MOST_ALIASED) return {};
    const mappings: readonly unknown[] = isList(value) ? value : [value];
    if (mappings.every(isJsonObject)) return Object.assign({}, ...mappings.toReversed()) as JsonObject;
    this.#refuse(node, {
      code: 'bad-merge',
      message: 'the merge key << takes in what is no mapping',
      expected: 'an alias of a mapping, or a list of them: <<: *recipe',
      fix: 'name a mapping with &recipe; parameters that all stages of a kind share stand under defaults:',
    });
    return {};
  }

  #follow(alias: { readonly source: string }, depth: number): Json {
    const target = this.#targets.get(alias);
    if (target === undefined) {
      return this.#refuse(alias, {
        code: 'unknown-anchor',
        message: `there is no anchor &${alias.source} before this alias`,
      });
    }
    if (this.#open.has(target)) {
      return this.#refuse(alias, { code: 'alias-cycle', message: `the anchor &${alias.source} contains itself` });
    }
    this.#open.add(target);
    this.#aliases++;
    const value = this.value(target, depth + 1);
    this.#aliases--;
    this.#open.delete(target);
    return value;
  }

  #scalar(node: { readonly value: unknown; readonly source?: string }): Json {
    const { value, source = '' } = node;
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
    // A checksum or a commit may be all digits, or look like a float: no number is written so.
    if (CHECKSUM.test(source)) return source;
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      return this.#refuse(node, {
        code: 'not-finite',
        message: 'this is not a finite number',
        expected: 'a finite number or a text in quotes',
      });
    }
    // 1e30 is a float, as exact as any; 12345678901234567890 is meant digit by digit.
    if (Number.isInteger(value) && !Number.isSafeInteger(value) && !/[.eE]/.test(source.replace(/^0[xo].*/, ''))) {
      return this.#refuse(node, {
        code: 'number-too-large',
        message: 'this whole number is too large to be stored exactly',
        expected: `a number up to ${Number.MAX_SAFE_INTEGER}, or a text in quotes`,
      });
    }
    return value === 0 ? 0 : value;
  }

  #refuseTag(node: unknown, tag: string): null {
    return this.#refuse(node, {
      code: 'unknown-tag',
      message: `the tag ${tag.replace('tag:yaml.org,2002:', '!!')} is not allowed`,
      expected: 'plain YAML without custom tags',
    });
  }

  #tooMany(node: unknown): null {
    if (this.#aliased > MOST_ALIASED + 1) return null;
    return this.#refuse(node, {
      code: 'alias-bomb',
      message: `aliases stand for more than ${MOST_ALIASED} values`,
      expected: 'anchors that are repeated a few times',
      fix: 'write the values out, or use a matrix',
    });
  }

  #refuse(node: unknown, problem: Omit<Failure, 'place'>): null {
    if (this.failures.length >= mostProblems) return null;
    const range = (node as { readonly range?: readonly [number, number, number] | null }).range;
    this.failures.push({ ...problem, place: this.#lines.place(range ? [range[0], range[1]] : [0, 0]) });
    return null;
  }
}

function parse(text: string): Document | undefined {
  const { stackTraceLimit } = Error;
  // Nobody reads where in the parser an error was made, and a file may have thousands.
  Error.stackTraceLimit = 0;
  try {
    const document = parseDocument(text, {
      version: '1.2',
      schema: 'core',
      stringKeys: true,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
    });
    noteDuplicateKeys(document);
    return document;
  } catch (error) {
    // The parser is recursive; a file of nothing but brackets exhausts the stack.
    if (error instanceof RangeError) return undefined;
    throw error;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The parsed text, or what is no YAML in it. */
function parseText({ file, text }: Source, lines: Lines): Result<Document> {
  const document = parse(text);
  if (!document) return failure(tooDeep(file));
  const syntax = syntaxFailures(document, lines, text, parse);
  return syntax.length > 0 ? failed(syntax) : success(document);
}

/**
 * Reads one value under the rules of a pipeline file: core schema, finite numbers, no custom tags.
 *
 * @param source - what to call the text in places, and the text
 * @returns the value, or what is wrong with it
 */
export function readValue(source: Source): Result<Json> {
  const lines = new Lines(source.file, source.text);
  const document = parseText(source, lines);
  if (!document.ok) return document;
  const reader = new Reader(document.value, lines);
  const value = reader.value(document.value.contents);
  return reader.failures.length > 0 ? failed(reader.failures) : success(value);
}

/**
 * Reads a pipeline file: YAML 1.2, core schema, unique keys, no custom tags.
 *
 * @param source - the file's name and text
 * @returns its values and a way to places in the text, or what is wrong with it
 */
export function readPipeline(source: Source): Result<PipelineDocument> {
  const early = unreadable(source);
  if (early) return failure(early);
  const { file, text } = source;
  const lines = new Lines(file, text);
  const parsed = parseText(source, lines);
  if (!parsed.ok) return parsed;
  const document = parsed.value;
  if (document.directives?.yaml.explicit && document.directives.yaml.version !== '1.2') {
    return failure({
      code: 'yaml-version',
      message: `the file requires YAML ${document.directives.yaml.version}`,
      place: { file },
      expected: 'YAML 1.2',
    });
  }
  const reader = new Reader(document, lines);
  if (!isMap(document.contents)) return failure(noMapping(document, lines, file));
  const root = reader.mapping(document.contents, 0);
  if (reader.failures.length > 0) return failed(reader.failures);
  return success({ file, root, locate: placeFinder(document, lines, text) });
}

function noMapping(document: Document, lines: Lines, file: string): Failure {
  const range = document.contents?.range;
  return {
    code: 'not-a-mapping',
    message: document.contents ? 'the file holds no mapping' : 'the file holds nothing but comments',
    place: range ? lines.place([range[0], range[1]]) : { file },
    expected: 'a mapping with the key stages',
  };
}
