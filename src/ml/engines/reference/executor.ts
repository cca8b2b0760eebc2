import type { Executable, Executor, Region } from '../executor.ts';
import type { Controls, PrimitiveName } from '../primitives.ts';
import type { Program, Ref, Section, Space } from '../program.ts';
import { REFERENCE } from './kernels.ts';

/** A primitive's implementation without its name's types. */
type Kernel = (
  operands: Readonly<Record<string, Float64Array | null>>,
  numbers: Readonly<Record<string, number>>,
  controls: Controls,
) => void;

/** Runs programs one primitive after the other in float64. The caller's float32 arrays are copied in and out. */
export class ReferenceExecutor implements Executor {
  readonly name = 'reference';
  readonly description = { threads: 1, precision: 'float64', node: process.versions.node };
  readonly #regions = new Map<number, Float64Array>();
  #next = 0;

  allocate(floats: number): Region {
    const address = this.#next++;
    this.#regions.set(address, new Float64Array(floats));
    return { address, floats };
  }

  free(region: Region): void {
    this.#regions.delete(region.address);
  }

  capacity(): number {
    return Number.MAX_SAFE_INTEGER;
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
    const resolve = (ref: Ref | null): Float64Array | null =>
      ref &&
      this.#array(memory[ref.space]).subarray(ref.space === 'step' ? (program.offsets[ref.buffer] ?? 0) : ref.offset);
    const ports = new Map(
      Object.entries(program.ports).map(([name, port]) => {
        const inside = resolve({ space: 'step', buffer: port.buffer })?.subarray(0, port.floats);
        return [name, { ...port, outside: new Float32Array(port.floats), inside: inside ?? new Float64Array() }];
      }),
    );
    const run = (section: Section, controls: Controls): void => {
      for (const port of ports.values())
        if (port.direction === 'in' || (port.direction === 'both' && section === 'backward'))
          port.inside.set(port.outside);
      for (const { primitive, operands, numbers } of program.sections[section]) {
        const arrays = Object.entries<Ref | null>(operands).map(([name, ref]) => [name, resolve(ref)] as const);
        kernel(primitive)(Object.fromEntries(arrays), numbers, controls);
      }
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

/** Looks a primitive up; the table's types tie operands and numbers to the name, which a loop over names cannot see. */
function kernel(primitive: PrimitiveName): Kernel {
  return REFERENCE[primitive] as unknown as Kernel;
}
