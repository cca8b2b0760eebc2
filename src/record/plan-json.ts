import { isJsonObject, type Json } from '../core/json.ts';
import { CellReference, ReferenceText, type Plan } from '../core/plan.ts';

/**
 * Writes a plan as JSON; references between cells are `{ "$cell": id, "$output": name }`, text with references
 * `{ "$parts": [...] }`.
 *
 * @param plan - the plan
 * @returns JSON text
 */
export function planToJson(plan: Plan): string {
  return JSON.stringify(plan, (_name, value: unknown) => {
    if (value instanceof CellReference) return { $cell: value.cell, $output: value.output };
    if (value instanceof ReferenceText) return { $parts: value.parts };
    return value;
  });
}

/**
 * Reads what {@link planToJson} wrote.
 *
 * @param text - JSON text
 * @returns the plan, references restored
 * @throws SyntaxError when the text is no JSON
 */
export function planFromJson(text: string): Plan {
  return JSON.parse(text, (_name, value: Json) => {
    if (!isJsonObject(value)) return value;
    const { $cell: cell, $output: output, $parts: parts } = value;
    if (typeof cell === 'string') return new CellReference(cell, typeof output === 'string' ? output : undefined);
    if (Array.isArray(parts)) return new ReferenceText(parts as readonly (string | CellReference)[]);
    return value;
  }) as Plan;
}
