import { recordFormat } from '../core/event.ts';
import { fail } from '../core/failure.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import { redactor } from '../core/secrets.ts';
import { CellReference, ReferenceText, type Plan } from '../core/plan.ts';

/**
 * Writes a plan as JSON; references between cells are `{ "$cell": id, "$output": name }`, text with references
 * `{ "$parts": [...] }`. Secrets are left out.
 *
 * @param plan - the plan
 * @returns JSON text
 */
export function planToJson(plan: Plan): string {
  const { secrets, ...shown } = plan;
  const text = JSON.stringify({ format: recordFormat, ...shown }, (_name, value: unknown) => {
    if (value instanceof CellReference) return { $cell: value.cell, $output: value.output };
    if (value instanceof ReferenceText) return { $parts: value.parts };
    return value;
  });
  return redactor(secrets).jsonText(text);
}

/**
 * Reads what {@link planToJson} wrote.
 *
 * @param text - JSON text
 * @returns the plan, references restored
 * @throws SyntaxError when the text is no JSON
 * @throws FailureError when a later version wrote it
 */
export function planFromJson(text: string): Plan {
  const { format = 1, ...plan } = JSON.parse(text, (_name, value: Json) => {
    if (!isJsonObject(value)) return value;
    const { $cell: cell, $output: output, $parts: parts } = value;
    if (typeof cell === 'string') return new CellReference(cell, typeof output === 'string' ? output : undefined);
    if (Array.isArray(parts)) return new ReferenceText(parts as readonly (string | CellReference)[]);
    return value;
  }) as Plan & { readonly format?: number };
  checkFormat(format);
  return plan;
}

/**
 * Makes sure that this version can read a record.
 *
 * @param format - of the record; 1 where it has none
 * @throws FailureError when a later version wrote it
 */
export function checkFormat(format: number): void {
  if (format <= recordFormat) return;
  fail({
    code: 'newer-record',
    message: `the run was recorded by a later version of kdpipe, in format ${format}`,
    expected: `a format up to ${recordFormat}`,
    fix: 'update kdpipe',
  });
}
