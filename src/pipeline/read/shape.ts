import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { withNameAdvice } from '../../util/text.ts';
import type { Problems } from '../source/problems.ts';
import { inside, type SourceLocation, type Located } from '../source/location.ts';
import { describeValue } from '../source/describe-value.ts';
import type { LocatedMap } from './spec.ts';

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
  wrongType({ value, location }: Located, what: string, expected: string): void {
    this.problems.add({ code: 'wrong-type', message: `${what} is ${describeValue(value)}`, expected, location });
  }

  /** A mapping; nothing at all counts as an empty one. */
  mapping(written: Located | undefined, what: string): Located<JsonObject> | undefined {
    if (!written) return undefined;
    if (written.value === null) return { ...written, value: {} };
    if (isJsonObject(written.value)) return { location: written.location, value: written.value };
    this.wrongType(written, what, 'a mapping');
    return undefined;
  }

  /** Entries of a mapping whose keys are known ones. */
  fields(written: Located | undefined, what: string, known: readonly string[]): LocatedMap {
    const mapping = this.mapping(written, what);
    const entries = mapping ? entriesOf(mapping) : new Map<string, Located>();
    for (const [key, { location }] of entries) {
      if (known.includes(key)) continue;
      const message = `${what} has no key ${JSON.stringify(key)}`;
      this.problems.add(withNameAdvice({ code: 'unknown-key', message, location, atKey: true }, key, known));
    }
    return entries;
  }

  /** Entries of a mapping whose keys the user chooses. */
  named(written: Located | undefined, what: string, pattern = NAME): LocatedMap {
    const mapping = this.mapping(written, what);
    const entries = mapping ? entriesOf(mapping) : new Map<string, Located>();
    return new Map([...entries].filter(([name, { location }]) => this.#isName(name, location, { what, pattern })));
  }

  #isName(
    name: string,
    location: SourceLocation,
    { what, pattern }: { readonly what: string; readonly pattern: RegExp },
  ): boolean {
    if (pattern.test(name) && !RESERVED.has(name)) return true;
    this.problems.add({
      code: 'bad-name',
      message: `${JSON.stringify(name)} cannot be a name in ${what}`,
      expected: 'a letter, then letters, digits, _ or - (and not true, false, null)',
      location,
      atKey: true,
    });
    return false;
  }

  /** Notes which of the keys that have to be there a mapping lacks. */
  required(
    fields: LocatedMap,
    { what, location, keys }: { what: string; location: SourceLocation; keys: readonly string[] },
  ): void {
    for (const key of keys) {
      if (fields.has(key)) continue;
      const message = `${what} has no ${key}`;
      this.problems.add({ code: 'missing-key', message, expected: `${key}: …`, location, atKey: true });
    }
  }

  text(written: Located | undefined, what: string): Located<string> | undefined {
    if (!written) return undefined;
    const { value, location } = written;
    if (typeof value === 'string' && value !== '') return { value, location };
    if (value === '')
      this.problems.add({ code: 'empty-text', message: `${what} is empty`, expected: 'a text', location });
    else this.wrongType(written, what, 'a text');
    return undefined;
  }

  /** A list of texts; one text alone counts as a list of one where `alone` says so. */
  texts(written: Located | undefined, what: string, alone = false): readonly Located<string>[] {
    if (!written) return [];
    const { value, location } = written;
    if (alone && typeof value === 'string') return [this.text(written, what)].filter((text) => text !== undefined);
    if (!Array.isArray(value)) {
      this.wrongType(written, what, alone ? 'a text or a list of texts' : 'a list of texts');
      return [];
    }
    const items = value as readonly Json[];
    // They are names: each is compared with each.
    this.problems.budget.spend('nodes', items.length ** 2, location);
    return items
      .map((item, index) => this.text({ value: item, location: inside(location, index) }, `an item of ${what}`))
      .filter((text) => text !== undefined);
  }

  /** A list of mappings. */
  mappings(written: Located | undefined, what: string): readonly Located<JsonObject>[] {
    if (!written) return [];
    const { value, location } = written;
    if (!Array.isArray(value)) {
      this.wrongType(written, what, 'a list of mappings');
      return [];
    }
    const items = value as readonly Json[];
    return items
      .map((item, index) => this.mapping({ value: item, location: inside(location, index) }, `an item of ${what}`))
      .filter((mapping) => mapping !== undefined);
  }
}

/**
 * The entries of a mapping with their places.
 *
 * @param written - a mapping
 * @returns values by key, in the order in which they were written
 */
export function entriesOf(written: Located<JsonObject>): Map<string, Located> {
  return new Map(
    Object.entries(written.value).map(([key, value]) => [key, { value, location: inside(written.location, key) }]),
  );
}
