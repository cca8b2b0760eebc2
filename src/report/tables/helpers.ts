import type { HelperDelegate, HelperOptions } from 'handlebars';
import { alignTable } from './align.ts';
import type { Format } from './formats.ts';
import { missing, numberText } from './number-text.ts';
import { plainText, plainValue } from './template-text.ts';

/** Marks a text as already written in the template's format. */
export type CellText = (text: string) => unknown;

/** Refuses what a template's author got wrong in a helper's arguments. */
function expectNumber(value: unknown, helper: string): number {
  if (typeof value === 'number') return value;
  throw new TypeError(`{{${helper}}} expected a number, got ${plainText(value) || 'nothing'}`);
}

/** A number with the decimals that the template asks for. */
function toFixed(value: unknown, decimals: unknown, helper: string): string {
  const digits = expectNumber(decimals, helper);
  if (!Number.isInteger(digits) || digits < 0 || digits > 20) {
    throw new RangeError(`{{${helper}}} expected 0 to 20 decimals, got ${digits}`);
  }
  return numberText(expectNumber(value, helper), digits);
}

/** The arguments that a template gave; Handlebars adds its options as the last. */
const withoutOptions = (values: readonly unknown[]): readonly unknown[] => values.slice(0, -1);

/**
 * The helpers that templates can call, besides Handlebars' own `if`, `unless`, `each`, `with` and `lookup`:
 *
 * - `{{number x decimals}}`: fixed decimals, `–` for null
 * - `{{percent x decimals}}`: the same, times 100
 * - `{{mark value}}`: a value's text, bold where it is the best
 * - `{{runLink run}}`: a run's id, linked to its folder
 * - `{{field a b …}}`: its arguments joined, escaped as one text: one field of a CSV file
 * - `{{json value}}`: a value as JSON, the whole view as `{{json this}}`
 * - `{{eq a b}}`: true when both are the same
 * - `{{#aligned}}…{{/aligned}}`: a Markdown table with aligned columns
 *
 * None reads a file, runs code or sees anything but its arguments and the table.
 *
 * @param format - how texts are escaped, marked and linked
 * @param written - keeps Handlebars from escaping a second time
 * @returns helpers by name
 */
export function templateHelpers(format: Format, written: CellText): Readonly<Record<string, HelperDelegate>> {
  return {
    number: (value: unknown, decimals: unknown) =>
      written(format.escape(value === null ? missing : toFixed(value, decimals, 'number'))),
    percent: (value: unknown, decimals: unknown) =>
      written(
        format.escape(value === null ? missing : toFixed(expectNumber(value, 'percent') * 100, decimals, 'percent')),
      ),
    mark: ({ text, best }: { readonly text: unknown; readonly best: boolean }) => {
      const escaped = format.escape(plainText(text));
      return written(best ? format.bold(escaped) : escaped);
    },
    runLink: (run: unknown, options: HelperOptions) => {
      const { root } = options.data as { readonly root: { readonly runsFolder: unknown } };
      const id = plainText(run);
      return written(format.link(format.escape(id), `${plainText(root.runsFolder)}/${id}/`));
    },
    field: (...values: unknown[]) =>
      written(
        format.escape(
          withoutOptions(values)
            .map((value) => plainText(value))
            .join(''),
        ),
      ),
    json: (value: unknown) => written(JSON.stringify(value, null, 2)),
    eq: (left: unknown, right: unknown) => plainValue(left) === plainValue(right),
    aligned(this: unknown, options: HelperOptions) {
      return written(alignTable(options.fn(this)));
    },
  };
}
