import type { Executable, Executor } from '../executor.ts';
import { MOST_THREADS, recordBytes, SCRATCH, ZEROS } from '../kernel-constants.ts';
import { CONTROLS, type Controls } from '../primitives.ts';
import { locate, type Operation, type Program, type Ref, type Region, type Space } from '../program.ts';
import type { Target } from '../target.ts';
import { WaitingRuns, type WaitingRun } from '../waiting-runs.ts';
import type { KernelMachine } from './machine.ts';
import { writeControls, writeRecords, type Words } from './records.ts';

/** Bytes kept for the records of programs. */
const RECORDS = 2 ** 21;

/**
 * Holds a team's size within what there can be.
 *
 * @param threads - what is asked for
 * @returns from 1 to `MOST_THREADS`
 */
export const teamOf = (threads: number): number => Math.max(1, Math.min(threads, MOST_THREADS));

/** A run of a program's section. */
interface Run extends WaitingRun {
  readonly table: Region;
  readonly operations: number;
  readonly controls: Controls;
  /** Largest team. */
  readonly most: number;
}

/** Runs programs with the C kernels, on whatever machine they were compiled for. */
export class KernelExecutor implements Executor {
  readonly name: string;
  readonly target: Target;
  readonly description: Executor['description'];
  readonly #machine: KernelMachine;
  /** Of whatever runs. */
  readonly #controls: Words;
  readonly #mostThreads: number;
  readonly #runs = new WaitingRuns<Run>((runs) => {
    for (const run of runs) this.#run(run);
  });
  #limit: number;

  /**
   * @param machine - what runs them
   * @param threads - largest team that a session may ask for
   */
  constructor(machine: KernelMachine, threads: number) {
    this.#machine = machine;
    this.#mostThreads = teamOf(threads);
    this.#limit = this.#mostThreads;
    this.name = machine.name;
    this.target = machine.target;
    this.description = { threads: this.#mostThreads, ...machine.description };
    const controls = this.allocate(Object.keys(CONTROLS).length);
    this.#controls = this.#words(controls);
    const zeros = this.allocate(ZEROS);
    const scratch = this.allocate(this.#mostThreads * SCRATCH);
    machine.setUp({ controls: controls.address, zeros: zeros.address, scratch: scratch.address });
  }

  #words({ address, floats }: Region): Words {
    const { arena } = this.#machine;
    return { integers: arena.integers(address, floats), floats: arena.floats(address, floats) };
  }

  allocate(floats: number): Region {
    return this.#machine.arena.allocate(floats);
  }

  free(region: Region): void {
    this.#runs.settle(region);
    this.#machine.arena.free(region);
  }

  capacity(): number {
    return Math.max(0, this.#machine.arena.capacity() - RECORDS);
  }

  /** Bytes given out. */
  used(): number {
    return this.#machine.arena.used();
  }

  read(region: Region, offset: number, floats: number): Float32Array {
    this.#runs.settle(region);
    return this.#machine.arena.floats(region.address + 4 * offset, floats).slice();
  }

  write(region: Region, offset: number, values: ArrayLike<number>): void {
    this.#runs.settle(region);
    this.#machine.arena.floats(region.address + 4 * offset, values.length).set(values);
  }

  compile<S extends string>(
    program: Program<S>,
    memory: Partial<Readonly<Record<Space, Region>>>,
    threads: number,
  ): Executable<S> {
    const most = Math.max(1, Math.min(threads, this.#mostThreads));
    this.#machine.start(Math.min(most, this.#limit));
    const touches = new Set<Region>();
    const offsetOf = (ref: Ref): number => {
      const { region, offset } = locate(ref, program, memory);
      touches.add(region);
      return region.address + 4 * offset;
    };
    const sections = Object.entries<readonly Operation[]>(program.sections);
    const tables = new Map(
      sections.map(([name, operations]) => [
        name,
        { table: this.#table(operations, offsetOf), operations: operations.length },
      ]),
    );
    const ports = new Map(
      Object.entries(program.ports).map(([name, { ref, floats }]) => {
        const view = this.#machine.arena.floats(offsetOf(ref), floats);
        return [name, { view, region: locate(ref, program, memory).region }];
      }),
    );
    const port = (name: string): Float32Array => {
      const found = ports.get(name);
      if (!found) throw new Error(`the step was not compiled for ${name}`);
      this.#runs.settle(found.region);
      return found.view;
    };
    return {
      run: (section, controls) => {
        const found = tables.get(section);
        if (!found) throw new Error(`the program has no section ${section}`);
        // A team waits for its threads after each operation; without one, a thread that wakes up late would take the next program for this one.
        if (found.operations > 0) this.#runs.take({ ...found, controls, most, touches });
      },
      port,
      values: port,
      dispose: () => {
        this.#runs.flush();
        tables.forEach(({ table }) => this.free(table));
      },
    };
  }

  #table(operations: readonly Operation[], offsetOf: (ref: Ref) => number): Region {
    const { pointer, base } = this.#machine;
    const region = this.allocate((operations.length * recordBytes(pointer)) / 4);
    writeRecords(operations, this.#words(region), pointer, (ref) => base + offsetOf(ref));
    return region;
  }

  together(work: () => void): void {
    this.#runs.together(work);
  }

  #run({ table, operations, controls, most }: Run): void {
    writeControls(controls, this.#controls);
    this.#machine.run(table.address, operations, Math.min(most, this.#limit));
  }

  limitThreads(threads: number): void {
    this.#limit = teamOf(threads);
    // They come up before they are needed.
    this.#machine.start(Math.min(this.#limit, this.#mostThreads));
  }

  dispose(): Promise<void> {
    return this.#machine.dispose();
  }
}
