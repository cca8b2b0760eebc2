import { isList, type JsonObject } from '../../core/json.ts';
import type { Value } from '../../core/plan.ts';
import { axisText, referencesIn, valueToken } from '../../cells/cell-id.ts';
import { inFile, plainText, valueAdvice } from '../../cells/nearest.ts';
import type { Problem } from '../source/problems.ts';
import { inside, type Located } from '../source/location.ts';
import type { AxisValue, MatrixEntry, MatrixValues, Reach } from './matrix.ts';

/** Values by their unique texts. */
type Known = ReadonlyMap<string, Value>;

/** The values that combinations have under a key of an entry, on an axis or through one. */
function valuesUnder(key: string, matrices: readonly MatrixValues[], reach: Reach): Known {
  const [axis = '', ...keys] = key.split('.');
  const groups = matrices.flatMap(({ groups: own }) => own);
  const values = groups.flatMap(({ names, rows }) => {
    const column = names.indexOf(axis);
    return column < 0 ? [] : rows.flatMap((row) => row[column]?.value ?? []);
  });
  const known = values.map((value) => reach(value, keys)).filter((value) => value !== undefined);
  return new Map(known.map((value) => [valueToken(value), value]));
}

const shown = (value: Value, known: Known): string =>
  axisText(
    value,
    [...known.values()].some((one) => referencesIn(one).length > 0),
  );

function adviceFor(key: string, value: Value, known: Known): string | undefined {
  const isEach = isList(value) && value.length > 0 && value.every((item) => known.has(valueToken(item)));
  if (!isEach) return valueAdvice(value, known.values());
  const [first = null] = value;
  return `write an entry for each value: { ${key}: ${inFile(first)} }`;
}

/** The values of each axis, by their texts in small letters. */
function spellings({ groups }: MatrixValues): ReadonlyMap<string, ReadonlyMap<string, AxisValue>> {
  const columns = groups.flatMap(({ names, rows }) =>
    names.map((name, column) => [name, rows.flatMap((row) => row[column] ?? [])] as const),
  );
  return new Map(
    columns.map(([name, values]) => [
      name,
      new Map(values.map((value) => [plainText(value.value).toLowerCase(), value] as const)),
    ]),
  );
}

/**
 * Finds entries of include that are combinations of their own for the spelling of a value alone: `softtarget` beside an axis
 * of SoftTarget, "0.5" beside 0.5, a stage's name beside its cell.
 *
 * @param added - entries that match no combination
 * @param matrix - the matrix that they stand in
 * @returns a problem for each slip
 */
export function misspeltEntries(added: readonly MatrixEntry[], matrix: MatrixValues): readonly Problem[] {
  if (added.length === 0 || matrix.groups.length === 0) return [];
  const known = spellings(matrix);
  return added.flatMap(({ location, values }) =>
    [...values].flatMap(([key, { value, token }]) => {
      const meant = known.get(key)?.get(plainText(value).toLowerCase());
      if (!meant || meant.token === token) return [];
      return [
        {
          code: 'unmatched-include',
          message: `this entry of include matches no combination: none has ${key}=${token}`,
          location: inside(location, key),
          fix: `did you mean ${inFile(meant.value)}?`,
        },
      ];
    }),
  );
}

/** What an entry was compared with. */
export interface Compared {
  /** What it stands for: several entries where it holds a reference to several cells. */
  readonly made: readonly MatrixEntry[];
  /** The matrix, for each value of what is swept. */
  readonly matrices: readonly MatrixValues[];
  /** Looks keys up through a value. */
  readonly reach: Reach;
}

/** Why an entry matches no combination, at the value that none has. */
interface Unmatched extends Pick<Problem, 'location' | 'fix'> {
  readonly reason: string;
}

/**
 * Says why an entry of include or exclude matches no combination.
 *
 * @param written - the entry as written
 * @param compared - what it was compared with
 * @returns the reason, at the value that no combination has
 */
export function whyUnmatched(written: Located<JsonObject>, compared: Compared): Unmatched {
  const { made, matrices, reach } = compared;
  for (const key of Object.keys(written.value)) {
    const known = valuesUnder(key, matrices, reach);
    const values = made.flatMap(({ values: own }) => own.get(key) ?? []);
    const [first] = values;
    if (!first || values.some(({ token }) => known.has(token))) continue;
    const fix = adviceFor(key, first.value, known);
    const reason = `none has ${key}=${shown(first.value, known)}`;
    return { reason, ...(fix === undefined ? {} : { fix }), location: inside(written.location, key) };
  }
  return { reason: 'each of its values is there, but none has them together', location: written.location };
}
