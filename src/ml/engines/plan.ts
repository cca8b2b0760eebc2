import { PRIMITIVES, type Access } from './primitives.ts';
import type { Operation, Program, Ref } from './program.ts';
import { roundUp, type Target } from './target.ts';

/** A buffer and the operations between which it holds something. */
interface Lifetime {
  readonly buffer: number;
  readonly floats: number;
  first: number;
  last: number;
}

/** What an operation names. */
interface Named {
  readonly operands: Readonly<Record<string, Ref | null>>;
}

function lifetimes(sizes: readonly number[], operations: readonly Named[], pinned: ReadonlySet<number>): Lifetime[] {
  const end = operations.length;
  const lives: Lifetime[] = sizes.map((floats, buffer) =>
    pinned.has(buffer) ? { buffer, floats, first: 0, last: end } : { buffer, floats, first: end, last: -1 },
  );
  operations.forEach((operation, index) => {
    for (const ref of Object.values(operation.operands)) {
      const life = ref?.space === 'step' ? lives[ref.buffer] : undefined;
      if (!life) continue;
      life.first = Math.min(life.first, index);
      life.last = Math.max(life.last, index);
    }
  });
  return lives.filter((life) => life.last >= life.first);
}

/** Lowest offset at which `floats` fit between the taken intervals, given in ascending order of start. */
function lowestGap(taken: readonly (readonly [number, number])[], floats: number): number {
  let offset = 0;
  for (const [from, to] of taken) {
    if (from - offset >= floats) return offset;
    offset = Math.max(offset, to);
  }
  return offset;
}

/**
 * Gives each buffer an offset so that buffers in use at the same time never overlap: largest first, each at the lowest
 * place that is free throughout its life (greedy by size; Pisarchyk & Lee 2020).
 *
 * @param sizes - floats of each buffer
 * @param operations - all operations, in the order in which they run
 * @param pinned - buffers that hold something all the time (what the caller reads and writes)
 * @param line - floats of a cache line: buffers start at multiples of it
 * @returns offset of each buffer, in floats, and the total
 */
export function planBuffers(
  sizes: readonly number[],
  operations: readonly Named[],
  pinned: ReadonlySet<number>,
  line: number,
): { readonly offsets: readonly number[]; readonly floats: number } {
  const offsets = sizes.map(() => 0);
  const placed: (Lifetime & { readonly from: number; readonly to: number })[] = [];
  let total = 0;
  for (const life of lifetimes(sizes, operations, pinned).sort((a, b) => b.floats - a.floats || a.buffer - b.buffer)) {
    const taken = placed
      .filter((other) => other.first <= life.last && life.first <= other.last)
      .map((other) => [other.from, other.to] as const)
      .sort((a, b) => a[0] - b[0]);
    const floats = roundUp(life.floats, line);
    const from = lowestGap(taken, floats);
    placed.push({ ...life, from, to: from + floats });
    offsets[life.buffer] = from;
    total = Math.max(total, from + floats);
  }
  return { offsets, floats: total };
}

/**
 * Leaves out what holds something only while an operation runs.
 *
 * @param operation - any
 * @returns the operands that are left
 */
export function lasting(operation: Operation): Named {
  const { primitive, operands } = operation;
  const accesses: Readonly<Record<string, Access>> = PRIMITIVES[primitive].operands;
  const entries = Object.entries<Ref | null>(operands).filter(([name]) => !accesses[name]?.startsWith('scratch'));
  return { operands: Object.fromEntries(entries) };
}

/** What a program's buffers are used for. */
interface Use {
  /** Floats of each. */
  readonly sizes: readonly number[];
  /** All, in the order in which they run. */
  readonly operations: readonly Operation[];
  /** Those that the caller reads and writes. */
  readonly pinned: ReadonlySet<number>;
}

/**
 * Plans a program's memory for a target.
 *
 * @param use - of its buffers
 * @param target - the executor's
 * @returns places of buffers, and what they take
 */
export function planMemory(use: Use, target: Target): Pick<Program, 'sizes' | 'offsets' | 'floats' | 'valueFloats'> {
  const { sizes, operations, pinned } = use;
  const { placesValues, line } = target;
  if (placesValues) return { sizes, ...planBuffers(sizes, operations, pinned, line), valueFloats: 0 };
  const placed = planBuffers(sizes, [], pinned, line);
  const all = planBuffers(sizes, operations.map(lasting), pinned, line);
  return { sizes, ...placed, valueFloats: all.floats - placed.floats };
}
