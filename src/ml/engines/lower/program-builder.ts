import { planMemory } from '../plan.ts';
import type { Operands, Numbers, PrimitiveName } from '../primitives.ts';
import type { Operation, Port, Program, Ref } from '../program.ts';
import { roundUp, type Target } from '../target.ts';

/** Collects the operations, buffers and ports of a program. */
export class ProgramBuilder<S extends string> {
  readonly target: Target;
  /** Where operations go. */
  section: S;
  readonly #sections: Record<S, Operation[]>;
  readonly #sizes: number[] = [];
  readonly #ports: Record<string, Port> = {};
  #portFloats = 0;

  /**
   * @param target - what the program is for
   * @param sections - in the order in which they run, the first of them to begin with
   */
  constructor(target: Target, sections: readonly [S, ...S[]]) {
    this.target = target;
    [this.section] = sections;
    this.#sections = Object.fromEntries(sections.map((name) => [name, []])) as unknown as Record<S, Operation[]>;
  }

  /**
   * Adds an operation to the current section.
   *
   * @param primitive - which
   * @param operands - where its arrays lie
   * @param numbers - sizes and constants
   */
  emit<P extends PrimitiveName>(primitive: P, operands: Operands<P, Ref>, numbers: Numbers<P>): void {
    const operation: Operation<P> = { primitive, operands, numbers };
    // One of all operations: the compiler does not see through the name that is still open.
    this.#sections[this.section].push(operation as Operation);
  }

  /** A new buffer of the program's memory. */
  buffer(floats: number): Ref {
    return { space: 'step', buffer: this.#sizes.push(floats) - 1 };
  }

  /** A new buffer, or none for 0 floats. */
  scratch(floats: number): Ref | null {
    return floats ? this.buffer(floats) : null;
  }

  /** Lets the caller see a buffer. */
  port(name: string, ref: Ref, floats: number, direction: Port['direction']): Ref {
    this.#ports[name] = { ref, floats, direction };
    return ref;
  }

  /** A port in memory of its own, which no other program's steps share. */
  ownPort(name: string, floats: number, direction: Port['direction']): Ref {
    const offset = this.#portFloats;
    this.#portFloats += roundUp(floats, this.target.line);
    return this.port(name, { space: 'port', offset }, floats, direction);
  }

  /** Plans memory over all sections. */
  program(): Program<S> {
    const operations = Object.values<Operation[]>(this.#sections).flat();
    const pinned = new Set(Object.values(this.#ports).flatMap(({ ref }) => (ref.space === 'step' ? [ref.buffer] : [])));
    const plan = planMemory({ sizes: this.#sizes, operations, pinned }, this.target);
    return { ...plan, sections: this.#sections, ports: this.#ports, portFloats: this.#portFloats };
  }
}
