import type { PictureFile } from './engine.ts';
import type { Controls } from './primitives.ts';
import type { Program, Region, Section, Space } from './program.ts';
import type { Target } from './target.ts';

/** A program bound to memory. */
export interface Executable<S extends string = Section> {
  run(section: S, controls: Controls): void;
  /** The caller's dense array of a port. */
  port(name: string): Float32Array;
  /** Values of a port that the caller reads, dense, in the executor's own precision; until the program runs again. */
  values(name: string): Float32Array | Float64Array;
  dispose(): void;
}

/** Pictures in an executor's memory: {@link KeptPictures} of regions. */
export interface PicturesThere {
  write(squares: Int32Array, side: number, table: Region, to: Region): void;
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
  write(region: Region, offset: number, values: ArrayLike<number>): void;
  /** Whether {@link writePixels} costs less than `write` of normalised values. */
  readonly takesPixels?: boolean;
  /** As of an engine. */
  readonly sharesMemory?: boolean;
  /**
   * Writes, from the beginning of a region, what pixels stand for: of executors whose memory may be elsewhere, so that bytes are
   * brought there and not floats.
   *
   * @param region - receives the values
   * @param pixels - uint8 [..., 3]
   * @param table - float32 [3, 256], from its beginning
   */
  writePixels?(region: Region, pixels: Uint8Array, table: Region): void;
  /** Takes pictures into its memory: of executors that can. */
  keep?(file: PictureFile): PicturesThere;
  /**
   * @param program - what to run
   * @param memory - where each space that it names lies
   * @param threads - how many may work on it; the results do not depend on it
   * @param relief - says what would help where the device runs out of memory all the same
   */
  compile<S extends string>(
    program: Program<S>,
    memory: Partial<Readonly<Record<Space, Region>>>,
    threads: number,
    relief?: () => string,
  ): Executable<S>;
  /**
   * Makes the runs of programs within `work` together, one after the other in their order: what the caller writes before and
   * reads afterwards lies in no memory that they use in between, or is seen to in time.
   *
   * @param work - calls {@link Executable.run}, any number of times; nothing of it is kept waiting when this returns
   */
  together(work: () => void): void;
  /** Lets no more threads than these, 1 at least, work on a program from now on. */
  limitThreads(threads: number): void;
  dispose(): Promise<void>;
}
