import type { Executable, Executor, Region } from '../executor.ts';
import { at } from '../../../util/at.ts';
import type { Controls, PrimitiveName } from '../primitives.ts';
import { mapOperands, type Operation, type Program, type Ref, type Section, type Space } from '../program.ts';
import type { Target } from '../target.ts';
import type { Implementations } from './implementations.ts';
import { referenceKernels } from './kernels.ts';
import { REFERENCE_TARGET } from './target.ts';

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

  write(region: Region, offset: number, values: Float32Array): void {
    this.#array(region).set(values, offset);
  }

  compile(program: Program, memory: Readonly<Record<Space, Region>>): Executable {
    const resolve = (ref: Ref): Float64Array => {
      const offset = ref.space === 'step' ? at(program.offsets, ref.buffer) : ref.offset;
      return this.#array(memory[ref.space]).subarray(offset);
    };
    const execute = <P extends PrimitiveName>(operation: Operation<P>, controls: Controls): void => {
      this.#kernels[operation.primitive](mapOperands(operation.operands, resolve), operation.numbers, controls);
    };
    const ports = new Map(
      Object.entries(program.ports).map(([name, port]) => {
        const inside = resolve({ space: 'step', buffer: port.buffer }).subarray(0, port.floats);
        return [name, { ...port, outside: new Float32Array(port.floats), inside }];
      }),
    );
    const run = (section: Section, controls: Controls): void => {
      for (const port of ports.values())
        if (port.direction === 'in' || (port.direction === 'both' && section === 'backward'))
          port.inside.set(port.outside);
      for (const operation of program.sections[section]) execute(operation, controls);
      for (const port of ports.values())
        if (section !== 'update' && port.direction !== 'in') port.outside.set(port.inside);
    };
    return {
      run,
      port: (name) => {
        const port = ports.get(name);
        if (!port) throw new Error(`the step was not compiled for ${name}`);
        return port.outside;
      },
      dispose: () => ports.clear(),
    };
  }

  dispose(): Promise<void> {
    this.#regions.clear();
    return Promise.resolve();
  }
}
