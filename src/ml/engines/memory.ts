import { fail } from '../../core/failure.ts';
import type { Executor } from './executor.ts';
import { bytes, type Program, type Region } from './program.ts';
import type { Place, Workspace } from './workspace.ts';

const MEBIBYTE = 2 ** 20;

const sizeText = (size: number): string =>
  size < 1024 * MEBIBYTE ? `${Math.ceil(size / MEBIBYTE)} MiB` : `${(size / 1024 / MEBIBYTE).toFixed(2)} GiB`;

/**
 * Regions of several sizes: all or none.
 *
 * @param executor - whose memory
 * @param sizes - floats of each
 * @returns regions by the same names
 * @throws FailureError `does-not-fit`
 */
export function allocateAll<Name extends string>(
  executor: Executor,
  sizes: Readonly<Record<Name, number>>,
): Readonly<Record<Name, Region>> {
  const made: [string, Region][] = [];
  try {
    for (const [name, floats] of Object.entries<number>(sizes)) made.push([name, executor.allocate(floats)]);
  } catch (error) {
    for (const [, region] of made) executor.free(region);
    throw error;
  }
  return Object.fromEntries(made) as Record<Name, Region>;
}

/** Memory that an executor has for a step. */
interface Room {
  /** Bytes, with those of the place that it may take from others. */
  readonly capacity: number;
  readonly lacking: boolean;
}

/**
 * Compares what a step takes with what there is.
 *
 * @param program - of the step
 * @param place - of the step
 * @param executor - whose memory
 * @param workspace - what there is already
 * @returns whether it is too little
 */
export function roomFor(program: Program<string>, place: Place, executor: Executor, workspace: Workspace): Room {
  const known = workspace.known(place, program.floats);
  // Nothing more is wanted.
  if (known && !program.valueFloats) return { capacity: bytes(program, executor.target), lacking: false };
  const capacity = executor.capacity() + (known?.floats ?? 0) * executor.target.elementBytes;
  return { capacity, lacking: bytes(program, executor.target) > capacity };
}

/** A program that wants memory. */
export interface Claim {
  readonly program: Program<string>;
  readonly place: Place;
  /** What it computes: the beginning of a sentence. */
  readonly what: string;
  /** What would help where there is too little. */
  readonly fix: () => string;
}

/**
 * Memory for a program: that of others in the same place where it is large enough, else new.
 *
 * @param claim - who wants it
 * @param executor - whose memory
 * @param workspace - what there is already, and where it is kept
 * @returns the region
 * @throws FailureError `does-not-fit`
 */
export function memoryFor(claim: Claim, executor: Executor, workspace: Workspace): Region {
  const { program, place, what, fix } = claim;
  const { lacking, capacity } = roomFor(program, place, executor, workspace);
  if (lacking) {
    fail({
      code: 'does-not-fit',
      message: `${what} needs ${sizeText(bytes(program, executor.target))}`,
      expected: `at most ${sizeText(capacity)}, what the ${executor.name} engine has left`,
      fix: fix(),
    });
  }
  const known = workspace.known(place, program.floats);
  if (known) return known;
  const region = executor.allocate(program.floats);
  workspace.keep(place, region);
  return region;
}
