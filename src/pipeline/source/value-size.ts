import { CellReference, ReferenceText, type Value, type ValueObject } from '../../core/plan.ts';

/** Deepest nesting of a value. */
export const DEEPEST = 100;

/** What a value takes where it is written out, however often a part of it is shared. */
export interface ValueSize {
  /** Values in lists and mappings, at any depth. */
  readonly nodes: number;
  readonly characters: number;
  readonly depth: number;
}

/** Characters of a number, a boolean, null: about so many. */
const OF_WORD = 5;

/** Of lists and mappings that cannot change any more. */
const known = new WeakMap<object, ValueSize>();

function sizeOfScalar(value: Exclude<Value, object> | null): ValueSize {
  return { nodes: 0, characters: typeof value === 'string' ? value.length : OF_WORD, depth: 0 };
}

function sizeOfParts(parts: readonly Value[]): ValueSize {
  let [nodes, characters, depth] = [parts.length, 0, 0];
  for (const part of parts) {
    // Most parts are texts and numbers: none of them needs a size of its own.
    if (typeof part !== 'object' || part === null) {
      characters += typeof part === 'string' ? part.length : OF_WORD;
      continue;
    }
    const size = sizeOf(part);
    nodes += size.nodes;
    characters += size.characters;
    depth = Math.max(depth, size.depth);
  }
  return { nodes, characters, depth: depth + 1 };
}

/**
 * Measures a value as if nothing in it were shared: what it would take to write it out.
 *
 * @param value - any value; nested no deeper than the call stack is, as each is measured when it is made
 * @returns its size
 */
export function sizeOf(value: Value): ValueSize {
  if (typeof value !== 'object' || value === null) return sizeOfScalar(value);
  if (value instanceof CellReference) return { nodes: 0, characters: value.cell.length, depth: 0 };
  const measured = known.get(value);
  if (measured) return measured;
  const parts = value instanceof ReferenceText ? value.parts : Object.values(value as ValueObject);
  const size = sizeOfParts(parts);
  if (Object.isFrozen(value)) known.set(value, size);
  return size;
}
