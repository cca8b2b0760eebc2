import type { Failure } from '../../core/failure.ts';
import { isList, type Json } from '../../core/json.ts';
import { success, type Result } from '../../core/result.ts';
import type { Problems } from '../source/problems.ts';
import { readValue } from './read-pipeline.ts';
import type { SourceLocation, Located } from '../source/location.ts';

/** An override as typed: `key=value`. */
export interface Override {
  readonly key: string;
  /** The values between commas; one list alone is one value. */
  readonly values: readonly Json[];
  readonly location: SourceLocation;
}

/** Cuts a text at its commas; those in quotes, brackets and braces do not count. */
function cutAtCommas(text: string): readonly string[] {
  const pieces: string[] = [];
  let [depth, start] = [0, 0];
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if ('[{'.includes(character)) depth++;
    else if (']}'.includes(character)) depth--;
    else if (character === ',' && depth === 0) {
      pieces.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...pieces, text.slice(start)];
}

/** Reads one value as YAML; a text that only looks like a mapping (`a: b`) stays a text. */
function valueOf(text: string): Result<Json> {
  const read = readValue({ file: '-S', text });
  const isCollection = read.ok && typeof read.value === 'object' && read.value !== null;
  return isCollection && !/^\s*[[{]/.test(text) ? success(text) : read;
}

/**
 * Reads an override.
 *
 * @param text - as typed, `key=value`
 * @param problems - takes what is wrong
 * @returns its key and values; undefined when a problem was noted instead
 */
export function readOverride(text: string, problems: Problems): Override | undefined {
  const before = problems.noted;
  const equals = text.indexOf('=');
  const location = { path: [], override: text };
  const key = text.slice(0, Math.max(0, equals)).trim();
  if (key === '') {
    problems.add({
      code: 'bad-override',
      message: `${JSON.stringify(text)} is not an override`,
      expected: 'key=value',
      location,
      within: text,
    });
    return undefined;
  }
  const values: Json[] = [];
  const pieces = cutAtCommas(text.slice(equals + 1));
  if (pieces.length > 1 && pieces.some((piece) => piece.trim() === '')) noteEmpty(key, location, problems);
  for (const read of pieces.map(valueOf)) {
    if (read.ok) values.push(read.value);
    else noteUnreadable(key, read.failures, location, problems);
  }
  return problems.noted === before ? { key, values, location } : undefined;
}

function noteEmpty(key: string, location: SourceLocation, problems: Problems): void {
  problems.add({
    code: 'bad-override',
    message: `a value of ${key} is empty: there is nothing between two commas, or before or after one`,
    expected: 'a value on each side of a comma; null where nothing is meant',
    location,
  });
}

function noteUnreadable(key: string, failures: readonly Failure[], location: SourceLocation, problems: Problems): void {
  const [first] = failures;
  problems.add({
    code: 'bad-override',
    message: `the value of ${key} cannot be read: ${first?.message ?? ''}`,
    expected: first?.expected ?? 'a YAML value, or several with commas',
    location,
  });
}

/**
 * Says whether an override gives one value or several to try. Where a list is a value (the parameter holds one now),
 * only a list of lists is a sweep.
 *
 * @param override - the override
 * @param takesList - whether a list is a value there
 * @returns the value, or the values to try
 */
export function interpretOverride(
  override: Override,
  takesList: boolean,
): { readonly value: Json } | { readonly sweep: readonly Json[] } {
  const { values } = override;
  const [only, ...others] = values;
  if (takesList) {
    if (others.length === 0) return { value: only ?? null };
    return values.every(isList) ? { sweep: values } : { value: values };
  }
  if (others.length > 0) return { sweep: values };
  return isList(only) ? { sweep: only } : { value: only ?? null };
}

/**
 * The values that an override gives to an axis.
 *
 * @param override - the override
 * @returns values between commas, or the items of one list
 */
export function axisValuesOf(override: Override): readonly Json[] {
  const meant = interpretOverride(override, false);
  return 'sweep' in meant ? meant.sweep : [meant.value];
}

/**
 * An override as a value with its place.
 *
 * @param override - the override
 * @returns its one value; several as a list
 */
export function locatedValue(override: Override): Located {
  const [only = null, ...others] = override.values;
  return { value: others.length === 0 ? only : override.values, location: override.location };
}
