import { recordFormat } from '../core/event.ts';
import { fail } from '../core/failure.ts';
import { isJsonObject, isList, type Json } from '../core/json.ts';
import { redactor } from '../core/secrets.ts';
import { CellReference, ReferenceText, type Cell, type Plan } from '../core/plan.ts';

/**
 * Writes a plan as JSON; references between cells are `{ "$cell": id, "$output": name }`, text with references
 * `{ "$parts": [...] }`. Secrets are left out.
 *
 * @param plan - the plan
 * @returns JSON text
 */
export function planToJson(plan: Plan): string {
  const { secrets, ...shown } = plan;
  return redactor(secrets).jsonText(withReferences({ format: recordFormat, ...shown }));
}

/**
 * Writes what holds planned cells as JSON, in the form of {@link planToJson}.
 *
 * @param value - holds references
 * @returns JSON text
 */
export function withReferences(value: object): string {
  return JSON.stringify(value, (_name, part: unknown) => {
    if (part instanceof CellReference) return { $cell: part.cell, $output: part.output };
    if (part instanceof ReferenceText) return { $parts: part.parts };
    return part;
  });
}

/**
 * Reads what {@link withReferences} wrote.
 *
 * @param text - JSON text
 * @returns the value, references restored; undefined where the text is damaged
 */
export function readReferences(text: string): unknown {
  try {
    return JSON.parse(text, restore);
  } catch {
    return undefined;
  }
}

/**
 * Reads what {@link planToJson} wrote.
 *
 * @param text - JSON text
 * @returns the plan, references restored; undefined where the text is damaged
 * @throws FailureError when a later version wrote it
 */
export function planFromJson(text: string): Plan | undefined {
  const content = readReferences(text);
  if (!isJsonObject(content)) return undefined;
  const { format = 1, ...plan } = content;
  if (typeof format === 'number') checkFormat(format);
  const { name, file, cells } = plan;
  const isWhole = typeof name === 'string' && typeof file === 'string' && isList(cells) && cells.every(isCell);
  return isWhole ? (plan as unknown as Plan) : undefined;
}

/** References in the place of what stands for them. */
function restore(_name: string, value: Json): unknown {
  if (!isJsonObject(value)) return value;
  const { $cell: cell, $output: output, $parts: parts } = value;
  if (typeof cell === 'string') return new CellReference(cell, typeof output === 'string' ? output : undefined);
  if (Array.isArray(parts)) return new ReferenceText(parts as readonly (string | CellReference)[]);
  return value;
}

/**
 * Tells a planned cell from what a damaged file may hold.
 *
 * @param value - any value
 * @returns true where it has what readers of records count on
 */
export const isCell = (value: unknown): value is Cell =>
  isJsonObject(value) && typeof value['id'] === 'string' && typeof value['stage'] === 'string';

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
