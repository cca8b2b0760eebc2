import type { Executable, Executor } from '../executor.ts';
import type { Controls, PrimitiveName } from '../primitives.ts';
import {
  locate,
  mapOperands,
  type Operation,
  type Program,
  type Ref,
  type Section,
  type Space,
  type Region,
} from '../program.ts';
import { ShownPorts } from '../shown-ports.ts';
import type { Target } from '../target.ts';
import type { Implementations } from './implementations.ts';
import { referenceKernels } from './kernels.ts';
import { REFERENCE_TARGET } from './target.ts';

/** A program in float64. */
export interface ReferenceExecutable<S extends string = Section> extends Executable<S> {
  /** A port's own values, of which `port` gives float32 copies. */
  exact(name: string): Float64Array;
}

/** Runs programs one primitive after the other in float64. The caller's float32 arrays are copied in and out. */
export class ReferenceExecutor implements Executor {
  readonly name: string = 'reference';
  readonly description = { threads: 1, precision: 'float64', node: process.versions.node };
  readonly target: Target;
  readonly #kernels: Implementations<PrimitiveName>;
  readonly #regions = new Map<number, Float64Array>();
  #next = 0;

  /** Runs programs for any target: `target` says where filters lie. */
  constructor(target: Target = REFERENCE_TARGET) {
    this.target = target;
    this.#kernels = referenceKernels(target);
  }

  /** One thread does all. */
  limitThreads(): void {}

  allocate(floats: number): Region {
    const address = this.#next++;
    this.#regions.set(address, new Float64Array(floats));
    return { address, floats };
  }

  free(region: Region): void {
    this.#regions.delete(region.address);
  }

  capacity(): number {
    return this.target.addressSpace;
  }

  #array(region: Region): Float64Array {
    const array = this.#regions.get(region.address);
    if (!array) throw new Error('the memory has been given back');
    return array;
  }

  read(region: Region, offset: number, floats: number): Float32Array {
    return Float32Array.from(this.#array(region).subarray(offset, offset + floats));
  }

  write(region: Region, offset: number, values: ArrayLike<number>): void {
    this.#array(region).set(values, offset);
  }

  compile<S extends string>(
    program: Program<S>,
    memory: Partial<Readonly<Record<Space, Region>>>,
  ): ReferenceExecutable<S> {
    const resolve = (ref: Ref): Float64Array => {
      const { region, offset } = locate(ref, program, memory);
      return this.#array(region).subarray(offset);
    };
    const execute = <P extends PrimitiveName>(operation: Operation<P>, controls: Controls): void => {
      this.#kernels[operation.primitive](mapOperands(operation.operands, resolve), operation.numbers, controls);
    };
    const exact = (name: string): Float64Array => {
      const port = program.ports[name];
      if (!port) throw new Error(`the step was not compiled for ${name}`);
      return resolve(port.ref).subarray(0, port.floats);
    };
    const ports = new ShownPorts(program, (name) => Float32Array.from(exact(name)));
    const run = (section: S, controls: Controls): void => {
      for (const { name, array } of ports.of(section, 'in')) exact(name).set(array);
      for (const operation of program.sections[section]) execute(operation, controls);
      for (const { name, array } of ports.of(section, 'out')) array.set(exact(name));
    };
    return { run, port: (name) => ports.array(name), exact, values: exact, dispose: () => undefined };
  }

  /** Each run is made at once. */
  together(work: () => void): void {
    work();
  }

  dispose(): Promise<void> {
    this.#regions.clear();
    return Promise.resolve();
  }
}
