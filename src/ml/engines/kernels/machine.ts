import type { PointerBytes } from '../kernel-constants.ts';
import type { Target } from '../target.ts';
import type { Arena } from './arena.ts';

/** Where a program's environment lies: offsets in bytes from the start of a machine's memory. */
export interface Places {
  readonly controls: number;
  /** ZEROS floats of padding. */
  readonly zeros: number;
  /** SCRATCH floats for each thread. */
  readonly scratch: number;
}

/** What the C kernels run on: memory, threads, and the call that walks a program. */
export interface KernelMachine {
  readonly name: string;
  readonly target: Target;
  /** How it computes, for those who ask. */
  readonly description: Readonly<Record<string, string | number | boolean>>;
  readonly pointer: PointerBytes;
  /** Address of the first byte of the memory, as kernels see it. */
  readonly base: number;
  readonly arena: Arena;
  /** Says where things lie; once, before anything runs. */
  setUp(places: Places): void;
  /** Starts threads that a team of this size lacks; they may come up while the caller does something else. */
  start(team: number): void;
  /**
   * Runs a program: its records lie at an offset in bytes.
   *
   * @throws FailureError `thread-lost` when a thread of the team has died
   */
  run(program: number, operations: number, team: number): void;
  /** Ends its threads. */
  dispose(): Promise<void>;
}
