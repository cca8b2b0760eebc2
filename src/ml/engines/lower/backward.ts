import type { LayerIndex } from '../../network/network.ts';
import { familyOf, isTrained, refOf } from '../layout.ts';
import { ACTIVATIONS } from '../primitives.ts';
import type { Ref } from '../program.ts';
import { roundUp } from '../target.ts';
import { averageOf, type Emitter, windowOf } from './emitter.ts';
import { emitAgain, emitDrop, gateOf, partsOf } from './forward.ts';
import { emitGroupedFilterGradient, emitGroupedInputGradient } from './grouped.ts';
import { roundsFilterGradient, roundsInputGradient } from './half-precision.ts';
import { partialsFor, savedOf, type Saved } from './norm.ts';
import { readBy, type Unit, type UnitOf } from './units.ts';
import { winogradSums, winogradTransposedFilter } from './winograd.ts';

/** Sizes of a convolution or linear layer. */
const productOf = (emitter: Emitter, unit: UnitOf<'product'>) => ({
  ...windowOf(emitter, unit),
  outChannels: emitter.extent(unit.output).stride,
});

/**
 * Reverse-mode differentiation of a lowered forward pass. The gradient of each layer's value is collected from its
 * readers, the first of which writes and later ones add; it is complete when the walk reaches the unit that made it.
 */
export class Backward {
  readonly #emitter: Emitter;
  readonly #saved: Saved;
  readonly #gradients = new Map<LayerIndex, Ref>();
  /** Units whose values are not kept but computed again when they are first read, by output. */
  readonly #forgotten: Map<LayerIndex, Unit>;

  /**
   * @param emitter - receives the operations
   * @param saved - what the batch norms kept
   * @param forgotten - units whose values are to be computed again rather than kept
   */
  constructor(emitter: Emitter, saved: Saved, forgotten: readonly Unit[]) {
    this.#emitter = emitter;
    this.#saved = saved;
    this.#forgotten = new Map(forgotten.map((unit) => [unit.output, unit]));
  }

  /** A layer's value of the forward pass. */
  #value(layer: LayerIndex): Ref {
    const unit = this.#forgotten.get(layer);
    if (unit) {
      this.#forgotten.delete(layer);
      for (const read of readBy(unit)) this.#value(read);
      emitAgain(this.#emitter, unit, this.#saved);
    }
    return this.#emitter.value(layer);
  }

  /**
   * Adds a term to a layer's gradient.
   *
   * @param layer - whose gradient; an image's is never wanted
   * @param write - emits the operation that writes (`accumulate` 0) or adds (1) the term into the buffer
   */
  contribute(layer: LayerIndex, write: (into: Ref, accumulate: number) => void): void {
    if (!this.#isWanted(layer)) return;
    const known = this.#gradients.get(layer);
    const into = known ?? this.#emitter.like(layer);
    write(into, known ? 1 : 0);
    this.#gradients.set(layer, into);
  }

  /**
   * Adds a gradient of the caller's to a layer's. Where no channel is padding, its array becomes the layer's own if it is
   * the first term: what is in it after the pass is nobody's.
   *
   * @param layer - whose gradient
   * @param gradient - dense, of the layer's shape
   */
  receive(layer: LayerIndex, gradient: Ref): void {
    if (this.#emitter.isDense(layer)) this.#give(layer, gradient);
    else
      this.contribute(layer, (into, accumulate) => {
        this.#emitter.repack(layer, gradient, into, { to: 'padded', add: accumulate === 1 });
      });
  }

  /** Adds a gradient that nobody else reads any more: the buffer itself becomes the layer's, if it is the first term. */
  #give(layer: LayerIndex, gradient: Ref): void {
    const known = this.#gradients.get(layer);
    const { count } = this.#emitter.extent(layer);
    if (known) this.#emitter.emit('add', { a: known, b: gradient, y: known }, { count, activation: 0 });
    else if (this.#isWanted(layer)) this.#gradients.set(layer, gradient);
  }

  #isWanted(index: LayerIndex): boolean {
    const layer = this.#emitter.layer(index);
    return layer.kind !== 'input' || layer.differentiable;
  }

  /** Lets the caller see the gradient of the input, where it is wanted; after the last unit. */
  revealInput(): void {
    const gradient = this.#gradients.get(0);
    if (gradient) this.#emitter.reveal('input-gradient', 0, gradient);
  }

  /**
   * Emits the gradients of one unit. Units come last first.
   *
   * @param unit - the unit; when no gradient reaches it, nothing is emitted
   */
  unit(unit: Unit): void {
    const dy = this.#gradients.get(unit.output);
    if (!dy) return;
    switch (unit.kind) {
      case 'product': {
        this.#product(unit, dy);
        return;
      }
      case 'norm': {
        this.#norm(unit, dy);
        return;
      }
      case 'add': {
        this.#sum(unit, dy);
        return;
      }
      case 'multiply': {
        this.#gate(unit, dy);
        return;
      }
      case 'concat': {
        this.#join(unit, dy);
        return;
      }
      case 'slice': {
        this.#slice(unit, dy);
        return;
      }
      case 'pool': {
        this.#pool(unit, dy);
        return;
      }
      case 'activation': {
        this.#activation(unit, dy);
        return;
      }
      case 'dropout':
      case 'stochastic-depth':
        this.contribute(unit.input, (y, accumulate) => emitDrop(this.#emitter, unit, { x: dy, y, accumulate }));
    }
  }

  #filterGradient(unit: UnitOf<'product'>, dy: Ref): void {
    const emitter = this.#emitter;
    const x = this.#value(unit.input);
    if (familyOf(emitter.network, unit.layer, emitter.target) !== 'dense') {
      emitGroupedFilterGradient(emitter, unit, { x, dy });
      return;
    }
    const dfilter = refOf(emitter.layout, `${unit.layer.name}.weight`, 'gradient');
    const numbers = productOf(emitter, unit);
    const { chunks, floats } = winogradSums(numbers, emitter.target);
    const transformed = emitter.scratch(floats);
    const bfloat16 = transformed ? 0 : roundsFilterGradient(numbers, emitter.target);
    const reading = emitter.reading(unit.input);
    emitter.emit(
      'conv-filter-gradient',
      { x, ...reading.operands, dy, transformed, dfilter },
      { ...numbers, ...reading.numbers, chunks, bfloat16 },
    );
  }

  #product(unit: UnitOf<'product'>, dy: Ref): void {
    const emitter = this.#emitter;
    const { rows, stride } = emitter.extent(unit.output);
    const { name, bias } = unit.layer;
    const numbers = productOf(emitter, unit);
    const filter = refOf(emitter.layout, `${name}.weight`);
    const dense = familyOf(emitter.network, unit.layer, emitter.target) === 'dense';
    if (isTrained(emitter.layout, `${name}.weight`)) this.#filterGradient(unit, dy);
    if (bias && isTrained(emitter.layout, `${name}.bias`)) {
      const dbias = refOf(emitter.layout, `${name}.bias`, 'gradient');
      emitter.emit('bias-gradient', { dy, dbias }, { rows, channels: stride });
    }
    this.contribute(unit.input, (dx, accumulate) => {
      if (!dense) {
        emitGroupedInputGradient(emitter, unit, { dy, dx }, accumulate);
        return;
      }
      const transformed = emitter.scratch(winogradTransposedFilter(numbers, emitter.target));
      const transposed = transformed
        ? null
        : emitter.buffer(numbers.kernel ** 2 * roundUp(numbers.channels, emitter.target.panel) * stride);
      const bfloat16 = transformed ? 0 : roundsInputGradient(numbers, emitter.target);
      const operands = { dy, filter, transposed, transformed, dx };
      emitter.emit('conv-input-gradient', operands, { ...numbers, accumulate, bfloat16 });
    });
  }

  #norm(unit: UnitOf<'norm'>, dy: Ref): void {
    const emitter = this.#emitter;
    const { rows, stride } = emitter.extent(unit.output);
    const { name } = unit.layer;
    // The masked gradient is the residual's as well; without a residual the result may overwrite it.
    const dx = unit.residual === null ? dy : emitter.like(unit.input);
    const operands = {
      x: this.#value(unit.input),
      y: unit.residual === null || !unit.activation ? null : this.#value(unit.output),
      dy,
      saved: savedOf(this.#saved, unit),
      dgamma: refOf(emitter.layout, `${name}.weight`, 'gradient'),
      dbeta: refOf(emitter.layout, `${name}.bias`, 'gradient'),
      dx,
      partials: partialsFor(emitter, stride),
    };
    emitter.emit('batch-norm-gradient', operands, { rows, channels: stride, activation: unit.activation });
    if (unit.residual !== null) this.#give(unit.residual, dy);
    this.#give(unit.input, dx);
  }

  #sum(unit: UnitOf<'add'>, dy: Ref): void {
    const { count, rows, stride } = this.#emitter.extent(unit.output);
    const { activation } = unit;
    if (activation) {
      const x = this.#value(unit.output);
      this.#emitter.emit('activation-gradient', { x, dy, dx: dy }, { count, activation, accumulate: 0 });
    }
    this.contribute(unit.other, (y, accumulate) => {
      const numbers = { rows, channels: stride, fromStride: stride, toStride: stride, accumulate };
      this.#emitter.copyChannels({ x: dy, y }, numbers);
    });
    this.#give(unit.input, dy);
  }

  #gate(unit: UnitOf<'multiply'>, dy: Ref): void {
    const emitter = this.#emitter;
    const numbers = gateOf(emitter, unit);
    const a = this.#value(unit.input);
    const b = this.#value(unit.other);
    this.contribute(unit.input, (y, accumulate) =>
      emitter.emit('multiply', { a: dy, b, y }, { ...numbers, accumulate }),
    );
    this.contribute(unit.other, (db, accumulate) => {
      emitter.emit('multiply-gradient', { a, dy, db }, { ...numbers, accumulate });
    });
  }

  #join(unit: UnitOf<'concat'>, dy: Ref): void {
    const emitter = this.#emitter;
    const { rows, stride: fromStride } = emitter.extent(unit.output);
    for (const { input, channels, stride: toStride, first: from, step: fromStep } of partsOf(emitter, unit)) {
      const numbers = { rows, channels, fromStride, toStride, from, fromStep };
      this.contribute(input, (y, accumulate) => {
        emitter.copyChannels({ x: dy, y }, { ...numbers, accumulate });
      });
    }
  }

  #slice(unit: UnitOf<'slice'>, dy: Ref): void {
    const emitter = this.#emitter;
    const { from: to, shape } = unit.layer;
    const { rows, stride: fromStride } = emitter.extent(unit.output);
    const { count, stride: toStride } = emitter.extent(unit.input);
    this.contribute(unit.input, (y, accumulate) => {
      // A copy clears what follows it, not what comes before it.
      const add = accumulate || to ? 1 : 0;
      if (add > accumulate) emitter.emit('zero', { y }, { count });
      emitter.copyChannels({ x: dy, y }, { rows, channels: shape.channels, fromStride, toStride, to, accumulate: add });
    });
  }

  #activation(unit: UnitOf<'activation'>, dy: Ref): void {
    const { activation } = unit;
    const { count } = this.#emitter.extent(unit.output);
    // A ReLU's result, which its readers want anyway, does as well as its input.
    const x = this.#value(activation <= ACTIVATIONS.relu6 ? unit.output : unit.input);
    this.contribute(unit.input, (dx, accumulate) => {
      this.#emitter.emit('activation-gradient', { x, dy, dx }, { count, activation, accumulate });
    });
  }

  #pool(unit: UnitOf<'pool'>, dy: Ref): void {
    const emitter = this.#emitter;
    this.contribute(unit.input, (dx, accumulate) => {
      if (unit.layer.mode === 'average') {
        emitter.emit('average-pool-gradient', { dy, dx }, { ...averageOf(emitter, unit), accumulate });
        return;
      }
      const operands = { x: this.#value(unit.input), y: this.#value(unit.output), dy, dx };
      emitter.emit('max-pool-gradient', operands, { ...windowOf(emitter, unit), accumulate });
    });
  }
}
