import { lengthOf, sizeOf, type Node, type NodeOf, type Op } from '../../../algebra/node.ts';
import { inOrder } from '../../../algebra/order.ts';
import { at } from '../../../../util/at.ts';
import { SUM_CHUNKS } from '../../kernel-constants.ts';
import type { Ref } from '../../program.ts';
import { ProgramBuilder } from '../program-builder.ts';
import { isElementwise } from './elementwise.ts';
import type { Call, ExpressionOptions, LoweredExpression, Write } from './options.ts';
import { emitProduct } from './product.ts';
import { advance, dense, isDense, reshapedStrides, stretched, type View } from './views.ts';
import { Walks } from './walks.ts';

/** Nodes that each node is an input of. */
function readersOf(nodes: readonly Node[]): ReadonlyMap<Node, ReadonlySet<Node>> {
  const readers = new Map<Node, Set<Node>>(nodes.map((node) => [node, new Set()]));
  for (const node of nodes) for (const input of node.inputs) readers.get(input)?.add(node);
  return readers;
}

/** Operations that only look at their input in another way. */
const VIEWS: ReadonlySet<Op> = new Set(['reshape', 'transpose', 'broadcast', 'slice']);
/** Operations that cost nothing until somebody reads them. */
const GIVEN: ReadonlySet<Op> = new Set(['input', 'constant', 'array']);

/** What a node is computed with: an operation of its own, at its place in the order. */
const isComputed = (node: Node): boolean => !isElementwise(node) && !VIEWS.has(node.op) && !GIVEN.has(node.op);

/**
 * Lowers an expression. Operations come in the order of their nodes; elementwise ones when somebody reads them, as many as
 * possible in one walk.
 */
class Lowering {
  readonly #options: ExpressionOptions;
  readonly #builder: ProgramBuilder<string>;
  readonly #walks: Walks;
  readonly #nodes: readonly Node[];
  readonly #views = new Map<Node, View>();
  /** Where values are wanted. */
  readonly #places = new Map<Node, Ref>();
  /** What the caller reads, and where. */
  readonly #results: Write[] = [];
  /** Inputs that the caller fills. */
  readonly #filled = new Map<string, Ref>();
  readonly #calls: Call[] = [];
  readonly #constants: number[] = [];

  constructor(options: ExpressionOptions) {
    this.#options = options;
    const { results, writes, updates, effects, target } = options;
    const updated = updates.flatMap(({ value, places }) => (places ? [value, places] : [value]));
    const roots = [...Object.values(results), ...writes.map(({ value }) => value), ...updated];
    this.#nodes = inOrder([...roots, ...effects]);
    const runs = this.#nodes.filter(({ op }) => op === 'adapter' || op === 'adapterGradient').length;
    const parts = Array.from({ length: runs }, (_, run) => String(run + 1));
    this.#builder = new ProgramBuilder<string>(target, ['0', ...parts, 'update']);
    const readers = readersOf(this.#nodes);
    const kept = new Set(roots);
    this.#walks = new Walks(this.#builder, {
      view: (node) => this.view(node),
      // What has no other reader than the walk itself.
      mayJoin: (node, members) =>
        !kept.has(node) &&
        !this.#views.has(node) &&
        [...(readers.get(node) ?? [])].every((reader) => members.has(reader)),
    });
  }

  run(): LoweredExpression {
    const { writes, updates } = this.#options;
    this.#claimPlaces();
    for (const node of this.#nodes) if (isComputed(node)) this.view(node);
    for (const { value, to } of [...writes, ...this.#results]) this.#deliver(value, to);
    const kept = updates.map(({ value, places }) => ({
      value: this.dense(value),
      places: places && this.dense(places),
    }));
    this.#builder.section = 'update';
    updates.forEach(({ value, to }, k) => this.#update(value, to, at(kept, k)));
    return { program: this.#builder.program(), calls: this.#calls, constants: this.#constants };
  }

  /** A value as memory holds it, computed where it has not been. */
  view(node: Node): View {
    const known = this.#views.get(node);
    if (known) return known;
    const view = this.#compute(node);
    this.#views.set(node, view);
    return view;
  }

  /** The same without gaps. */
  dense(node: Node): Ref {
    const view = this.view(node);
    return isDense(view, node.shape) ? view.ref : this.#copy(node, this.#builder.buffer(sizeOf(node.shape)));
  }

  /** Whatever is wanted somewhere is computed there, if it is computed at all. */
  #claimPlaces(): void {
    const claim = (node: Node, to: Ref): void => {
      if (!this.#places.has(node)) this.#places.set(node, to);
    };
    for (const node of this.#nodes) {
      if (node.op !== 'adapter' && node.op !== 'adapterGradient') continue;
      const { input, outputGradient } = this.#options.adapter(node.attributes);
      claim(at(node.inputs, 0), node.op === 'adapter' ? input : outputGradient);
    }
    for (const { value, to } of this.#options.writes) claim(value, to);
    for (const [name, node] of Object.entries(this.#options.results)) {
      const to = this.#builder.ownPort(name, sizeOf(node.shape), 'out');
      this.#results.push({ value: node, to });
      claim(node, to);
    }
  }

  #compute(node: Node): View {
    switch (node.op) {
      case 'input':
        return dense(this.#input(node), node.shape);
      case 'array':
        return dense(this.#constant(node.attributes.values), node.shape);
      case 'constant':
        return { ref: this.#constant([node.attributes.value]), strides: node.shape.map(() => 0) };
      case 'reshape':
        return this.#reshape(node);
      case 'transpose': {
        const { ref, strides } = this.view(at(node.inputs, 0));
        return { ref, strides: node.attributes.permutation.map((axis) => at(strides, axis)) };
      }
      case 'broadcast': {
        const from = at(node.inputs, 0);
        const view = this.view(from);
        return { ref: view.ref, strides: stretched(view, from.shape, node.shape) };
      }
      case 'slice': {
        const { ref, strides } = this.view(at(node.inputs, 0));
        const { axis, from } = node.attributes;
        return { ref: advance(ref, from * at(strides, axis)), strides };
      }
      case 'adapter':
      case 'adapterGradient':
        return this.#run(node);
      default: {
        const ref = this.#places.get(node) ?? this.#builder.buffer(sizeOf(node.shape));
        this.#fill(node, ref);
        return dense(ref, node.shape);
      }
    }
  }

  #input({ attributes: { name }, shape }: NodeOf<'input'>): Ref {
    const known = this.#options.inputs.get(name) ?? this.#filled.get(name);
    if (known) return known;
    const ref = this.#builder.ownPort(name, sizeOf(shape), 'in');
    this.#filled.set(name, ref);
    return ref;
  }

  #constant(values: readonly number[]): Ref {
    const offset = this.#constants.length;
    this.#constants.push(...values);
    return { space: 'constant', offset };
  }

  #reshape(node: NodeOf<'reshape'>): View {
    const from = at(node.inputs, 0);
    const view = this.view(from);
    const strides = reshapedStrides(view, from.shape, node.shape);
    if (strides) return { ref: view.ref, strides };
    return dense(this.#copy(from, this.#builder.buffer(sizeOf(from.shape))), node.shape);
  }

  /** An adapter's pass: what is emitted from here on comes after it. */
  #run(node: NodeOf<'adapter'> | NodeOf<'adapterGradient'>): View {
    const { input, output, outputGradient, inputGradient } = this.#options.adapter(node.attributes);
    const isForward = node.op === 'adapter';
    this.#deliver(at(node.inputs, 0), isForward ? input : outputGradient);
    this.#calls.push({ call: node.attributes, direction: isForward ? 'forward' : 'backward' });
    this.#builder.section = String(this.#calls.length);
    const result = isForward ? output : inputGradient;
    // Nobody reads the gradient of an input that has none.
    return dense(result ?? outputGradient, node.shape);
  }

  /** Emits what computes a node that has memory of its own. */
  #fill(node: Node, y: Ref): void {
    switch (node.op) {
      case 'sum':
      case 'max':
        this.#walks.reduce(node, y);
        return;
      case 'matmul':
        emitProduct(this.#builder, node, { memory: this, y });
        return;
      case 'rightSingularVectors':
        this.#decompose(node, y);
        return;
      case 'concat':
        this.#concat(node, y);
        return;
      case 'gather':
      case 'gatherProducts':
      case 'gatherSums':
        this.#gather(node, y);
        return;
      default:
        this.#walks.compute(node, dense(y, node.shape));
    }
  }

  #decompose(node: NodeOf<'rightSingularVectors'>, y: Ref): void {
    const x = at(node.inputs, 0);
    const [rows, columns, count] = [lengthOf(x, -2), lengthOf(x, -1), lengthOf(node, -1)];
    const batch = sizeOf(x.shape.slice(0, -2));
    const chunks = Math.min(batch, SUM_CHUNKS);
    const work = this.#builder.buffer(2 * chunks * (count * (2 * count + 3) + columns));
    this.#builder.emit('right-singular-vectors', { x: this.dense(x), y, work }, { batch, rows, columns, chunks });
  }

  #concat(node: NodeOf<'concat'>, y: Ref): void {
    const { strides } = dense(y, node.shape);
    const { axis } = node.attributes;
    let from = 0;
    for (const part of node.inputs) {
      this.#walks.copy(part, { ref: advance(y, from * at(strides, axis)), strides });
      from += lengthOf(part, axis);
    }
  }

  #gather(node: NodeOf<'gather' | 'gatherProducts' | 'gatherSums'>, y: Ref): void {
    const refs = node.inputs.map((input) => this.dense(input));
    if (node.op === 'gather') {
      const numbers = { rows: lengthOf(node, 0), columns: lengthOf(node, 1) };
      this.#builder.emit('gather', { table: at(refs, 0), places: at(refs, 1), y }, numbers);
      return;
    }
    const [, table, places] = node.inputs;
    const numbers = { rows: lengthOf(node, 0), each: places?.shape[1] ?? 0, columns: table?.shape[1] ?? 0 };
    const operands = { x: at(refs, 0), table: at(refs, 1), places: at(refs, 2), y };
    this.#builder.emit(node.op === 'gatherProducts' ? 'gather-products' : 'gather-sums', operands, numbers);
  }

  #copy(node: Node, to: Ref): Ref {
    this.#walks.copy(node, dense(to, node.shape));
    return to;
  }

  /** Computes a value and sees to it that it stands where it is wanted. */
  #deliver(node: Node, to: Ref): void {
    const view = this.view(node);
    if (view.ref !== to || !isDense(view, node.shape)) this.#copy(node, to);
  }

  #update(node: Node, to: Ref, { value, places }: { readonly value: Ref; readonly places: Ref | undefined }): void {
    if (!places) {
      this.#copy(node, to);
      return;
    }
    const [rows, columns] = [lengthOf(node, 0), sizeOf(node.shape.slice(1))];
    this.#builder.emit('scatter', { x: value, places, table: to }, { rows, columns });
  }
}

/**
 * Lowers an expression.
 *
 * @param options - what is computed, from where, and where it goes
 * @returns the program
 */
export const lowerExpression = (options: ExpressionOptions): LoweredExpression => new Lowering(options).run();
