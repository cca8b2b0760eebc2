import { PRIMITIVES } from './primitives.ts';
import type { Operation, Port, Program, Ref } from './program.ts';

/** A port that the caller has asked for, and its array. */
export interface Shown {
  readonly name: string;
  readonly array: Float32Array;
}

type AnyProgram = Pick<Program<string>, 'sections' | 'ports'>;

/** Whether an operand lies in a port. */
function isIn({ ref: port, floats }: Port, ref: Ref | null): boolean {
  if (port.space === 'step' || ref?.space === 'step')
    return port.space === 'step' && ref?.space === 'step' && ref.buffer === port.buffer;
  return ref?.space === port.space && ref.offset >= port.offset && ref.offset < port.offset + floats;
}

/** How an operation uses a port: `in`, `out`, `inout`; undefined where it does not. */
function useOf({ primitive, operands }: Operation, port: Port): string | undefined {
  const named = Object.entries(operands).find(([, ref]) => isIn(port, ref));
  const accesses: Readonly<Record<string, string>> = PRIMITIVES[primitive].operands;
  return named && accesses[named[0]];
}

/**
 * The sections with which a port's values go or come.
 *
 * @param program - whose port
 * @param port - one of its ports
 * @returns the first that names what the caller fills; those that write what the caller reads
 */
export function sectionsOf(program: AnyProgram, port: Port): ReadonlySet<string> {
  const using = (is: (use: string) => boolean): string[] =>
    Object.entries(program.sections).flatMap(([name, operations]) =>
      operations.some((one) => is(useOf(one, port) ?? '')) ? [name] : [],
    );
  return new Set(port.direction === 'in' ? using((use) => use !== '').slice(0, 1) : using((use) => /out/.test(use)));
}

/**
 * The caller's arrays of the ports that it has asked for, of a program whose memory is elsewhere. What the caller fills goes
 * there with the first section that reads it; what it reads comes back after the section that writes it.
 */
export class ShownPorts {
  readonly #program: AnyProgram;
  readonly #read: (name: string) => Float32Array;
  readonly #shown = new Map<string, { readonly array: Float32Array; readonly sections: ReadonlySet<string> }>();

  /**
   * @param program - whose ports
   * @param read - gives the values that a port has there
   */
  constructor(program: AnyProgram, read: (name: string) => Float32Array) {
    this.#program = program;
    this.#read = read;
  }

  /** The caller's array of a port: always the same one. */
  array(name: string): Float32Array {
    const known = this.#shown.get(name);
    if (known) return known.array;
    const port = this.#program.ports[name];
    if (!port) throw new Error(`the step was not compiled for ${name}`);
    const array = this.#read(name);
    this.#shown.set(name, { array, sections: sectionsOf(this.#program, port) });
    return array;
  }

  /** Those of a direction that belong to a section. */
  of(section: string, direction: Port['direction']): readonly Shown[] {
    return [...this.#shown]
      .filter(([name, { sections }]) => sections.has(section) && this.#program.ports[name]?.direction === direction)
      .map(([name, { array }]) => ({ name, array }));
  }
}

/**
 * Arrays one behind the other.
 *
 * @param arrays - any number
 * @returns their values
 */
export function joined(arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

/**
 * Takes values apart again.
 *
 * @param values - of the arrays, one behind the other
 * @param arrays - receive them
 */
export function shareOut(values: Float32Array, arrays: readonly Float32Array[]): void {
  let at = 0;
  for (const array of arrays) {
    array.set(values.subarray(at, at + array.length));
    at += array.length;
  }
}
