import type { Dimensions, Node, NodeOf } from '../../../algebra/node.ts';
import { sizeOf } from '../../../algebra/node.ts';
import { at } from '../../../../util/at.ts';
import type { Ref } from '../../program.ts';
import type { ProgramBuilder } from '../program-builder.ts';
import { fuse, isElementwise, readOnly, type ElementwiseNode, type Fused } from './elementwise.ts';
import { coalesce, stretched, type View } from './views.ts';

/** When a reduction is taken in pieces, so that all threads have work: few results of many elements. */
const PIECES = { fewResults: 128, manyElements: 8192, most: 32 } as const;

/** What a walk asks of the rest of the expression. */
export interface Surroundings {
  /** Where a value lies; it is computed where it has not been. */
  readonly view: (node: Node) => View;
  /** Whether a node may be computed within a walk: nobody but the walk's nodes reads it. */
  readonly mayJoin: (node: ElementwiseNode, members: ReadonlySet<Node>) => boolean;
}

/** Emits the primitives that walk over arrays: `elementwise` and `reduce`. */
export class Walks {
  readonly #builder: ProgramBuilder<string>;
  readonly #surroundings: Surroundings;

  constructor(builder: ProgramBuilder<string>, surroundings: Surroundings) {
    this.#builder = builder;
    this.#surroundings = surroundings;
  }

  /**
   * Computes an elementwise node, and those before it that nobody else reads.
   *
   * @param node - not computed yet
   * @param to - where its value goes
   */
  compute(node: Node, to: View): void {
    if (!isElementwise(node)) throw new Error(`nothing lowers ${node.op}`);
    this.#elementwise(fuse(node, this.#surroundings.mayJoin), node.shape, to);
  }

  /**
   * Copies a value.
   *
   * @param node - its node
   * @param to - where it goes
   */
  copy(node: Node, to: View): void {
    this.#elementwise(readOnly(node), node.shape, to);
  }

  /**
   * Computes a reduction, with what is reduced if nobody else reads that.
   *
   * @param node - the sum, or the largest
   * @param y - where it goes, dense
   */
  reduce(node: NodeOf<'sum' | 'max'>, y: Ref): void {
    const of = at(node.inputs, 0);
    const reader: ReadonlySet<Node> = new Set([node]);
    const joins = isElementwise(of) && this.#surroundings.mayJoin(of, reader);
    const fused = joins ? fuse(of, this.#surroundings.mayJoin) : readOnly(of);
    const { operands, numbers, walk } = this.#walk(fused, of.shape, {
      reduced: of.shape.map((_, axis) => node.attributes.axes.includes(axis)),
    });
    const [results, elements] = [sizeOf(node.shape), sizeOf(of.shape)];
    const isLong = results <= PIECES.fewResults && elements >= PIECES.manyElements * results;
    const outermost = walk.shape.find((length, axis) => walk.reduced[axis] && length > 1) ?? 1;
    const chunks = isLong ? Math.min(PIECES.most, outermost) : 1;
    const partials = chunks > 1 ? this.#builder.buffer(chunks * results) : null;
    const reduced = walk.reduced.reduce((bits, is, axis) => bits | (is ? 1 << axis : 0), 0);
    const largest = node.op === 'max' ? 1 : 0;
    this.#builder.emit('reduce', { ...operands, y, partials }, { ...numbers, reduced, largest, chunks });
  }

  #elementwise(fused: Fused, shape: Dimensions, to: View): void {
    const { operands, numbers, walk } = this.#walk(fused, shape, { y: to });
    const yStrides = at(walk.strides, fused.leaves.length);
    this.#builder.emit('elementwise', { ...operands, y: to.ref }, { ...numbers, yStrides });
  }

  /** What both primitives have in common. Strides of `y`, where there is one, come behind those of the leaves. */
  #walk(
    { leaves, code, constants }: Fused,
    shape: Dimensions,
    { y, reduced = [] }: { readonly y?: View; readonly reduced?: readonly boolean[] },
  ) {
    const views = leaves.map((leaf) => this.#surroundings.view(leaf));
    const rows = views.map((view, k) => stretched(view, at(leaves, k).shape, shape));
    const walk = coalesce({ shape, strides: y ? [...rows, y.strides] : rows, reduced });
    const ref = (k: number): Ref | null => views[k]?.ref ?? null;
    return {
      walk,
      operands: { a: ref(0), b: ref(1), c: ref(2), d: ref(3), e: ref(4), f: ref(5) },
      numbers: {
        shape: walk.shape,
        strides: walk.strides.slice(0, leaves.length).flat(),
        instructions: code.length,
        code,
        constants,
      },
    };
  }
}
