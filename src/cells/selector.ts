import { CellReference, type Value } from '../core/plan.ts';
import { valueToken } from './cell-id.ts';

/** One condition in brackets: `axis=value`, or `axis=*` which leaves the axis open. */
export interface AxisCondition {
  readonly axis: string;
  /** The text after `=`: of a quoted one what the quotes hold, of a number the shortest way to write it. */
  readonly text: string;
  readonly quoted: boolean;
  readonly every: boolean;
}

/** `stage`, `stage[axis=value,…]`, `stage[*]`: cells of one stage that agree with the conditions. */
export interface Selector {
  readonly stage: string;
  readonly conditions: readonly AxisCondition[];
  /** True for `[*]`. */
  readonly every: boolean;
}

/** A selector at the start of a text, and where it ends. */
export interface ParsedSelector {
  readonly selector: Selector;
  readonly end: number;
}

const NAME = /[A-Za-z][A-Za-z0-9_-]*/y;
const AXIS = /[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z][A-Za-z0-9_-]*)*/y;
const QUOTED = /"(?:[^"\\]|\\.)*"/y;
const NUMBER = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/** Where the value that starts at `start` ends: before a `,` or `]` that belongs to the selector itself. */
function valueEnd(text: string, start: number): number {
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const character = text.charAt(at);
    if (depth === 0 && (character === ',' || character === ']')) return at;
    if (character === '[' || character === '{') depth++;
    if (character === ']' || character === '}') depth--;
    at += character === '"' ? (match(QUOTED, text, at)?.length ?? 1) : 1;
  }
  return at;
}

function condition(axis: string, raw: string): AxisCondition | undefined {
  const text = raw.trim();
  if (text.startsWith('"')) {
    if (match(QUOTED, text, 0) !== text) return undefined;
    try {
      return { axis, text: JSON.parse(text) as string, quoted: true, every: false };
    } catch {
      return undefined;
    }
  }
  if (text === '') return undefined;
  return { axis, text: NUMBER.test(text) ? String(Number(text)) : text, quoted: false, every: text === '*' };
}

/** One item and the place after it; undefined when the text is no item. */
function parseItem(text: string, at: number): { readonly item: AxisCondition | '*'; readonly end: number } | undefined {
  const start = at + (match(/\s*/y, text, at)?.length ?? 0);
  const axis = match(AXIS, text, start);
  if (axis !== undefined && text[start + axis.length] === '=') {
    const end = valueEnd(text, start + axis.length + 1);
    const item = condition(axis, text.slice(start + axis.length + 1, end));
    return item && { item, end };
  }
  const end = valueEnd(text, at);
  return text.slice(at, end).trim() === '*' ? { item: '*', end } : undefined;
}

/**
 * Reads the selector at the start of a text.
 *
 * @param text - e.g. `student[kd_method=MGD,seed=0].weights`
 * @param start - where to begin
 * @returns the selector and the place after it; undefined when the text does not start with one
 */
export function parseSelector(text: string, start = 0): ParsedSelector | undefined {
  const stage = match(NAME, text, start);
  if (stage === undefined) return undefined;
  let end = start + stage.length;
  const conditions: AxisCondition[] = [];
  let every = false;
  if (text[end] !== '[') return { selector: { stage, conditions, every }, end };
  do {
    const parsed = parseItem(text, end + 1);
    if (!parsed) return undefined;
    if (parsed.item === '*') every = true;
    else conditions.push(parsed.item);
    end = parsed.end;
  } while (text[end] === ',');
  return text[end] === ']' ? { selector: { stage, conditions, every }, end: end + 1 } : undefined;
}

/**
 * Says whether an axis value is what a condition names.
 *
 * @param wanted - the condition
 * @param value - the axis's value in a cell
 * @param isCell - whether the cell of an id is what a text names: its id or a selector that fits it
 * @returns true when it fits
 */
export function fits(
  wanted: AxisCondition,
  value: Value,
  isCell: (text: string, reference: CellReference) => boolean,
): boolean {
  if (wanted.every) return true;
  if (typeof value === 'string') return value === wanted.text;
  if (wanted.quoted) return false;
  if (value instanceof CellReference) return isCell(wanted.text, value);
  return valueToken(value) === wanted.text;
}
