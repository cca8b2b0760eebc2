import type { Executable, Executor } from '../executor.ts';
import { MOST_THREADS, recordBytes, SCRATCH, ZEROS } from '../kernel-constants.ts';
import { CONTROLS, type Controls } from '../primitives.ts';
import { locate, type Operation, type Program, type Ref, type Region, type Space } from '../program.ts';
import type { Target } from '../target.ts';
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

/** Runs programs with the C kernels, on whatever machine they were compiled for. */
export class KernelExecutor implements Executor {
  readonly name: string;
  readonly target: Target;
  readonly description: Executor['description'];
  readonly #machine: KernelMachine;
  readonly #controls: Region;
  readonly #mostThreads: number;
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
    this.#controls = this.allocate(Object.keys(CONTROLS).length);
    const zeros = this.allocate(ZEROS);
    const scratch = this.allocate(this.#mostThreads * SCRATCH);
    machine.setUp({ controls: this.#controls.address, zeros: zeros.address, scratch: scratch.address });
  }

  #words({ address, floats }: Region): Words {
    const { arena } = this.#machine;
    return { integers: arena.integers(address, floats), floats: arena.floats(address, floats) };
  }

  allocate(floats: number): Region {
    return this.#machine.arena.allocate(floats);
  }

  free(region: Region): void {
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
    return this.#machine.arena.floats(region.address + 4 * offset, floats).slice();
  }

  write(region: Region, offset: number, values: ArrayLike<number>): void {
    this.#machine.arena.floats(region.address + 4 * offset, values.length).set(values);
  }

  compile<S extends string>(
    program: Program<S>,
    memory: Partial<Readonly<Record<Space, Region>>>,
    threads: number,
  ): Executable<S> {
    const most = Math.max(1, Math.min(threads, this.#mostThreads));
    this.#machine.start(Math.min(most, this.#limit));
    const offsetOf = (ref: Ref): number => {
      const { region, offset } = locate(ref, program, memory);
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
      Object.entries(program.ports).map(([name, { buffer, floats }]) => [
        name,
        this.#machine.arena.floats(offsetOf({ space: 'step', buffer }), floats),
      ]),
    );
    const port = (name: string): Float32Array => {
      const view = ports.get(name);
      if (!view) throw new Error(`the step was not compiled for ${name}`);
      return view;
    };
    return {
      run: (section, controls) => {
        const found = tables.get(section);
        if (!found) throw new Error(`the program has no section ${section}`);
        this.#run(found.table, found.operations, { controls, team: Math.min(most, this.#limit) });
      },
      port,
      values: port,
      dispose: () => tables.forEach(({ table }) => this.free(table)),
    };
  }

  #table(operations: readonly Operation[], offsetOf: (ref: Ref) => number): Region {
    const { pointer, base } = this.#machine;
    const region = this.allocate((operations.length * recordBytes(pointer)) / 4);
    writeRecords(operations, this.#words(region), pointer, (ref) => base + offsetOf(ref));
    return region;
  }

  #run(table: Region, operations: number, { controls, team }: { controls: Controls; team: number }): void {
    writeControls(controls, this.#words(this.#controls));
    this.#machine.run(table.address, operations, team);
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
