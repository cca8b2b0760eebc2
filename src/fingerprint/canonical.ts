import { fail } from '../core/failure.ts';
import { isList, type Json, type JsonObject } from '../core/json.ts';

/** Texts that stand in JSON as they are; all others go through `JSON.stringify`, which is slower. */
const plain = /^[ !#-[\]-~]*$/;

const quoted = (text: string): string => (plain.test(text) ? `"${text}"` : JSON.stringify(text));

/** The place of the first number in a value that JSON cannot hold. */
function placeOfNonFinite(value: Json, place: string): { readonly place: string; readonly number: number } | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : { place, number: value };
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, item] of Object.entries(value as JsonObject)) {
    const found = placeOfNonFinite(item, place === '' ? name : `${place}.${name}`);
    if (found) return found;
  }
  return undefined;
}

function refuseNonFinite(root: Json): never {
  const found = placeOfNonFinite(root, '');
  return fail({
    code: 'non-finite-number',
    message: `${found?.place || 'the value'} is ${found?.number}`,
    expected: 'a finite number',
  });
}

function writeObject(value: JsonObject, root: Json): string {
  let text = '{';
  for (const name of Object.keys(value).sort()) {
    if (text.length > 1) text += ',';
    text += `${quoted(name)}:${write(value[name], root)}`;
  }
  return `${text}}`;
}

function writeList(value: readonly Json[], root: Json): string {
  let text = '[';
  for (let at = 0; at < value.length; at++) text += (at ? ',' : '') + write(value[at], root);
  return `${text}]`;
}

function write(value: Json | undefined, root: Json): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
      // String(-0) is "0", and equal numbers have one shortest text.
      return Number.isFinite(value) ? String(value) : refuseNonFinite(root);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return isList(value) ? writeList(value, root) : writeObject(value, root);
    default:
      throw new TypeError(`expected JSON, got ${typeof value}`);
  }
}

/**
 * Writes a JSON value so that equal values have equal texts and different values different ones: the JSON
 * Canonicalization Scheme (RFC 8785). No blanks, names sorted by UTF-16 code units, numbers in their shortest form
 * (−0 is 0), texts exactly; JSON's own punctuation tells types apart. Beyond the RFC, a lone surrogate is written as
 * `\udXXX`, so that no two texts become the same UTF-8.
 *
 * @param value - any JSON value
 * @returns its canonical text
 * @throws FailureError `non-finite-number`, with its place, where a number is infinite or NaN
 */
export function canonical(value: Json): string {
  return write(value, value);
}
