import { isList } from '../core/json.ts';
import { CellReference, ReferenceText, type CellId, type Value } from '../core/plan.ts';
import { byCodeUnits } from '../util/text.ts';

/** Characters that a bare text in an id cannot hold: separators, quotes, blanks, and what cannot be seen. */
const SPECIAL = /[\s\p{C},=[\]{}"\\]/u;

/** Texts that YAML's core schema reads as something other than text, and the selectors' wildcard. */
const NO_TEXT =
  /^(?:|\*|~|null|Null|NULL|true|True|TRUE|false|False|FALSE|[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?|0o[0-7]+|0x[\da-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/** Writes a reference as in ids: the cell's id, and the output where one is named. */
const referenceText = (reference: CellReference): string =>
  reference.output === undefined ? reference.cell : `${reference.cell}.${reference.output}`;

/**
 * Writes a value so that equal values give equal texts and different values different texts: JSON with sorted keys, in
 * which a reference is the bare id of its cell (JSON's words never are stage names).
 *
 * @param value - any parameter value
 * @returns its unique text
 */
export function valueToken(value: Value): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === null || typeof value !== 'object') return String(value === 0 ? 0 : value);
  if (value instanceof CellReference) return referenceText(value);
  if (value instanceof ReferenceText) return `<${value.parts.map(valueToken).join(' ')}>`;
  if (isList(value)) return `[${value.map(valueToken).join(',')}]`;
  const pairs = Object.entries(value).sort(([a], [b]) => byCodeUnits(a, b));
  return `{${pairs.map(([key, item]) => `${JSON.stringify(key)}:${valueToken(item)}`).join(',')}}`;
}

/** True for a text that reads as itself without quotes. */
const isBare = (text: string): boolean => !SPECIAL.test(text) && !NO_TEXT.test(text);

/**
 * Writes an axis value as ids show it: like {@link valueToken}, but plain texts stand without quotes. An axis that
 * holds cells keeps the quotes of its texts, so that a text can never be taken for a cell's name.
 *
 * @param value - the axis's value in one cell
 * @param holdsCells - whether any cell of the stage has a reference on this axis
 * @returns the text after `axis=`
 */
export function axisText(value: Value, holdsCells: boolean): string {
  return typeof value === 'string' && !holdsCells && isBare(value) ? value : valueToken(value);
}

/**
 * Lists the references in a value, at any depth.
 *
 * @param value - any parameter value
 * @returns references in the order in which they stand
 */
export function referencesIn(value: Value): readonly CellReference[] {
  if (value instanceof CellReference) return [value];
  const found: CellReference[] = [];
  collect(value, found);
  return found;
}

function collect(value: Value, into: CellReference[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (value instanceof CellReference) into.push(value);
  else if (value instanceof ReferenceText) for (const part of value.parts) collect(part, into);
  else if (isList(value)) for (const item of value) collect(item, into);
  else for (const item of Object.values(value)) collect(item, into);
}

/**
 * The order in which ids name axes, whatever the order in the file: axes that hold cells first, each group by code units.
 *
 * @param names - names of axes
 * @param holdsCells - names of the axes that hold cells
 * @returns the names, sorted
 */
export function axisOrder(names: Iterable<string>, holdsCells: ReadonlySet<string>): string[] {
  const rank = (name: string): number => (holdsCells.has(name) ? 0 : 1);
  return [...new Set(names)].sort((a, b) => rank(a) - rank(b) || byCodeUnits(a, b));
}

/**
 * Names a cell: `student[teacher=teacher,kd_method=MGD,seed=0]`. Injective: two cells with different axes never get one name.
 *
 * @param stage - the stage's id
 * @param texts - `axis=value` of every axis in {@link axisOrder}, values by {@link axisText}
 * @returns the id; the stage's own when it has no axes
 */
export function cellId(stage: string, texts: readonly string[]): CellId {
  return texts.length === 0 ? stage : `${stage}[${texts.join(',')}]`;
}
