import type { Controls } from './primitives.ts';
import type { Program, Section, Space } from './program.ts';
import type { Target } from './target.ts';

/** A piece of an executor's memory. */
export interface Region {
  /** In the executor's own unit. */
  readonly address: number;
  readonly floats: number;
}

/** A program bound to memory. */
export interface Executable {
  run(section: Section, controls: Controls): void;
  /** The caller's dense array of a port. */
  port(name: string): Float32Array;
  dispose(): void;
}

/** What a backend does: hold memory and run programs. Sessions are built on it once, for all backends. */
export interface Executor {
  readonly name: string;
  readonly description: Readonly<Record<string, string | number | boolean>>;
  /** What programs have to be lowered for. */
  readonly target: Target;
  /** Zeroed memory. */
  allocate(floats: number): Region;
  free(region: Region): void;
  /** Bytes that one more region may have. */
  capacity(): number;
  read(region: Region, offset: number, floats: number): Float32Array;
  write(region: Region, offset: number, values: Float32Array): void;
  /**
   * @param program - what to run
   * @param memory - where each space lies
   * @param threads - how many may work on it; the results do not depend on it
   */
  compile(program: Program, memory: Readonly<Record<Space, Region>>, threads: number): Executable;
  dispose(): Promise<void>;
}
