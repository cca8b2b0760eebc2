import { CONTROLS, type Controls, type PrimitiveName } from '../primitives.ts';
import { locate, mapOperands, type Operation, type Ref } from '../program.ts';
import { sectionsOf } from '../shown-ports.ts';
import type { Compiled } from './compiled.ts';
import type { Graph, Tensor } from './graph.ts';
import { Memory, type MemoryParts } from './memory.ts';
import { Operand } from './operand.ts';
import { PRIMITIVE_NODES } from './primitives/table.ts';
import type { Context } from './primitives/context.ts';

/** One run of a section. */
export interface Part {
  readonly compiled: Compiled;
  readonly section: string;
}

/** Names of the nodes that run a round. */
export interface RoundNodes {
  /** Placeholder of the controls' bits, [runs, controls]. */
  readonly controls: string;
  /** Fetched, it makes the round's writes. */
  readonly done: string;
  /** By {@link portKey}: what a port that the round wrote held. */
  readonly ports: ReadonlyMap<string, string>;
}

/** Names a port of a program. */
export const portKey = ({ id }: Compiled, port: string): string => `${id} ${port}`;

const NAMES = Object.keys(CONTROLS) as (keyof Controls)[];

/**
 * Bits of controls, as the placeholder of a round takes them.
 *
 * @param runs - of each run
 * @returns [runs, controls]
 */
export function controlBits(runs: readonly Controls[]): Int32Array {
  const values = runs.flatMap((controls) => NAMES.map((name) => [name, controls[name]] as const));
  const bits = new Int32Array(values.length);
  const floats = new Float32Array(bits.buffer);
  values.forEach(([name, value], at) => {
    if (CONTROLS[name] === 'int') bits[at] = value | 0;
    else floats[at] = value;
  });
  return bits;
}

/** Gives each control's value in a run, as a node that is made when it is first asked for. */
function controlsOf(graph: Graph, feed: Tensor, run: number): (name: keyof Controls) => Tensor {
  const known = new Map<keyof Controls, Tensor>();
  return (name) => {
    const found = known.get(name);
    if (found) return found;
    const type = CONTROLS[name] === 'int' ? 'uint32' : 'float';
    const bits = graph.reshape(graph.slice(feed, [run, NAMES.indexOf(name)], [1, 1]), []);
    const made = graph.bitcast(bits, type);
    known.set(name, made);
    return made;
  };
}

function emitOperation<P extends PrimitiveName>(
  operation: Operation<P>,
  operandAt: (ref: Ref) => Operand,
  context: Context,
): void {
  PRIMITIVE_NODES[operation.primitive](mapOperands(operation.operands, operandAt), operation.numbers, context);
}

/**
 * Emits a round: sections of programs, one after the other.
 *
 * @param name - of the round
 * @param parts - what it runs
 * @param at - where nodes go
 * @returns what to feed and to fetch
 */
export function emitRound(name: string, parts: readonly Part[], at: MemoryParts & Pick<Context, 'gpu'>): RoundNodes {
  const { graph, gpu } = at;
  const memory = new Memory(at);
  const shape = [parts.length, NAMES.length];
  const attributes = { dtype: { type: 'int32' }, shape: { shape } } as const;
  const feed = graph.node('Placeholder', [], { name: `${name}.controls`, shape, type: 'int32', attributes });
  const last = new Map(parts.map(({ compiled, section }) => [compiled.id, section]));
  const ports = new Map<string, string>();
  parts.forEach(({ compiled, section }, run) => {
    const { program, lives } = compiled;
    const operations = program.sections[section];
    if (!operations) throw new Error(`the program has no section ${section}`);
    const buffers = operations.flatMap(({ operands }) =>
      Object.values(operands).flatMap((ref) => (ref?.space === 'step' ? [ref.buffer] : [])),
    );
    const defined = new Set(buffers.filter((buffer) => lives.before(section, buffer)));
    const isKept = (buffer: number): boolean => lives.after(last.get(compiled.id) ?? section, buffer);
    const surroundings = { graph, memory, compiled, defined, isKept };
    const context = { graph, gpu, control: controlsOf(graph, feed, run) };
    for (const operation of operations) emitOperation(operation, (ref) => new Operand(surroundings, ref), context);
    for (const [port, { direction, ref, floats }] of Object.entries(program.ports)) {
      if (direction === 'in' || !sectionsOf(program, { direction, ref, floats }).has(section)) continue;
      const { region, offset } = locate(ref, program, compiled.memory);
      const value = graph.unary('Identity', memory.read(region, offset, floats));
      ports.set(portKey(compiled, port), value.name);
    }
  });
  const after = memory.close();
  const done = graph.node('Identity', [graph.scalar(0)], {
    name: `${name}.done`,
    shape: [],
    attributes: { T: { type: 'float' } },
    after,
  });
  return { controls: feed.name, done: done.name, ports };
}
