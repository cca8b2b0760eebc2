import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { withNameAdvice } from '../util/text.ts';
import type { Problems } from './problems.ts';
import { inside, type Site, type Written } from './site.ts';
import { shown, type WrittenMap } from './spec.ts';

/** Names of stages, params, axes and tables. */
const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** Words of JSON: in ids and selectors they are values. */
const RESERVED = new Set(['true', 'false', 'null']);

/** Reads pieces of a pipeline's structure; what has the wrong shape is noted and left out. */
export class Shape {
  readonly problems: Problems;

  constructor(problems: Problems) {
    this.problems = problems;
  }

  /** Notes that a value has the wrong type. */
  wrongType({ value, site }: Written, what: string, expected: string): void {
    this.problems.add({ code: 'wrong-type', message: `${what} is ${shown(value)}`, expected, site });
  }

  /** A mapping; nothing at all counts as an empty one. */
  mapping(written: Written | undefined, what: string): Written<JsonObject> | undefined {
    if (!written) return undefined;
    if (written.value === null) return { ...written, value: {} };
    if (isJsonObject(written.value)) return { site: written.site, value: written.value };
    this.wrongType(written, what, 'a mapping');
    return undefined;
  }

  /** Entries of a mapping whose keys are known ones. */
  fields(written: Written | undefined, what: string, known: readonly string[]): WrittenMap {
    const mapping = this.mapping(written, what);
    const entries = mapping ? entriesOf(mapping) : new Map<string, Written>();
    for (const [key, { site }] of entries) {
      if (known.includes(key)) continue;
      const message = `${what} has no key ${JSON.stringify(key)}`;
      this.problems.add(withNameAdvice({ code: 'unknown-key', message, site, atKey: true }, key, known));
    }
    return entries;
  }

  /** Entries of a mapping whose keys the user chooses. */
  named(written: Written | undefined, what: string, pattern = NAME): WrittenMap {
    const mapping = this.mapping(written, what);
    const entries = mapping ? entriesOf(mapping) : new Map<string, Written>();
    return new Map([...entries].filter(([name, { site }]) => this.#isName(name, site, { what, pattern })));
  }

  #isName(name: string, site: Site, { what, pattern }: { readonly what: string; readonly pattern: RegExp }): boolean {
    if (pattern.test(name) && !RESERVED.has(name)) return true;
    this.problems.add({
      code: 'bad-name',
      message: `${JSON.stringify(name)} cannot be a name in ${what}`,
      expected: 'a letter, then letters, digits, _ or - (and not true, false, null)',
      site,
      atKey: true,
    });
    return false;
  }

  /** Notes which of the keys that have to be there a mapping lacks. */
  required(fields: WrittenMap, { what, site, keys }: { what: string; site: Site; keys: readonly string[] }): void {
    for (const key of keys) {
      if (fields.has(key)) continue;
      const message = `${what} has no ${key}`;
      this.problems.add({ code: 'missing-key', message, expected: `${key}: …`, site, atKey: true });
    }
  }

  text(written: Written | undefined, what: string): Written<string> | undefined {
    if (!written) return undefined;
    const { value, site } = written;
    if (typeof value === 'string' && value !== '') return { value, site };
    if (value === '') this.problems.add({ code: 'empty-text', message: `${what} is empty`, expected: 'a text', site });
    else this.wrongType(written, what, 'a text');
    return undefined;
  }

  /** A list of texts; one text alone counts as a list of one where `alone` says so. */
  texts(written: Written | undefined, what: string, alone = false): readonly Written<string>[] {
    if (!written) return [];
    const { value, site } = written;
    if (alone && typeof value === 'string') return [this.text(written, what)].filter((text) => text !== undefined);
    if (!Array.isArray(value)) {
      this.wrongType(written, what, alone ? 'a text or a list of texts' : 'a list of texts');
      return [];
    }
    const items = value as readonly Json[];
    return items
      .map((item, index) => this.text({ value: item, site: inside(site, index) }, `an item of ${what}`))
      .filter((text) => text !== undefined);
  }

  /** A list of mappings. */
  mappings(written: Written | undefined, what: string): readonly Written<JsonObject>[] {
    if (!written) return [];
    const { value, site } = written;
    if (!Array.isArray(value)) {
      this.wrongType(written, what, 'a list of mappings');
      return [];
    }
    const items = value as readonly Json[];
    return items
      .map((item, index) => this.mapping({ value: item, site: inside(site, index) }, `an item of ${what}`))
      .filter((mapping) => mapping !== undefined);
  }
}

/**
 * The entries of a mapping with their places.
 *
 * @param written - a mapping
 * @returns values by key, in the order in which they were written
 */
export function entriesOf(written: Written<JsonObject>): Map<string, Written> {
  return new Map(
    Object.entries(written.value).map(([key, value]) => [key, { value, site: inside(written.site, key) }]),
  );
}
