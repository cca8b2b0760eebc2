import type { LayerIndex } from '../../network/network.ts';
import { refOf } from '../layout.ts';
import type { Ref } from '../program.ts';
import { windowOf, type Emitter } from './emitter.ts';
import { emitDropout, partialsFor, type Saved, type UnitOf } from './forward.ts';
import type { Unit } from './units.ts';
import { winogradSums, winogradTurnedFilter } from './winograd.ts';

/**
 * Reverse-mode differentiation of a lowered forward pass. The gradient of each layer's value is collected from its
 * readers, the first of which writes and later ones add; it is complete when the walk reaches the unit that made it.
 */
export class Backward {
  readonly #emitter: Emitter;
  readonly #saved: Saved;
  readonly #gradients = new Map<LayerIndex, Ref>();

  constructor(emitter: Emitter, saved: Saved) {
    this.#emitter = emitter;
    this.#saved = saved;
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
    if (gradient) this.#emitter.repack(0, gradient, this.#emitter.dense('input-gradient', 0, 'out'), { to: 'dense' });
  }

  /**
   * Emits the gradients of one unit. Units come last first.
   *
   * @param unit - the unit; when no gradient reaches it, nothing is emitted
   */
  unit(unit: Unit): void {
    const dy = this.#gradients.get(unit.output);
    if (!dy) return;
    if (unit.kind === 'product') this.#product(unit, dy);
    else if (unit.kind === 'norm') this.#norm(unit, dy);
    else if (unit.kind === 'add') this.#sum(unit, dy);
    else if (unit.kind === 'pool') this.#pool(unit, dy);
    else if (unit.kind === 'activation') this.#activation(unit, dy);
    else this.contribute(unit.input, (y, accumulate) => emitDropout(this.#emitter, unit, { x: dy, y, accumulate }));
  }

  #product(unit: UnitOf<'product'>, dy: Ref): void {
    const emitter = this.#emitter;
    const { rows, stride } = emitter.extent(unit.output);
    const { name, bias } = unit.layer;
    const numbers = { ...windowOf(emitter, unit), outChannels: stride };
    const filter = refOf(emitter.layout, `${name}.weight`);
    const dfilter = refOf(emitter.layout, `${name}.weight`, 'gradient');
    const x = emitter.value(unit.input);
    const { chunks, floats } = winogradSums(numbers);
    const transformed = emitter.scratch(floats);
    emitter.emit('conv-filter-gradient', { x, dy, transformed, dfilter }, { ...numbers, chunks });
    if (bias) {
      const dbias = refOf(emitter.layout, `${name}.bias`, 'gradient');
      emitter.emit('bias-gradient', { dy, dbias }, { rows, channels: stride });
    }
    this.contribute(unit.input, (dx, accumulate) => {
      const transformed = emitter.scratch(winogradTurnedFilter(numbers));
      const turned = transformed
        ? null
        : emitter.buffer(numbers.kernel ** 2 * Math.ceil(numbers.channels / 8) * 8 * stride);
      emitter.emit('conv-input-gradient', { dy, filter, turned, transformed, dx }, { ...numbers, accumulate });
    });
  }

  #norm(unit: UnitOf<'norm'>, dy: Ref): void {
    const emitter = this.#emitter;
    const { rows, stride } = emitter.extent(unit.output);
    const { name } = unit.layer;
    const saved = this.#saved.get(unit.output);
    if (!saved) throw new Error(`${name} kept nothing of its forward pass`);
    // The masked gradient is the residual's as well; without a residual the result may overwrite it.
    const dx = unit.residual === null ? dy : emitter.like(unit.input);
    const operands = {
      x: emitter.value(unit.input),
      y: unit.residual === null ? null : emitter.value(unit.output),
      dy,
      saved,
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
      const y = this.#emitter.value(unit.output);
      this.#emitter.emit('activation-gradient', { y, dy, dx: dy }, { count, activation, accumulate: 0 });
    }
    this.contribute(unit.other, (y, accumulate) => {
      const numbers = { rows, channels: stride, fromStride: stride, toStride: stride, accumulate };
      this.#emitter.emit('copy-channels', { x: dy, y }, numbers);
    });
    this.#give(unit.input, dy);
  }

  #activation(unit: UnitOf<'activation'>, dy: Ref): void {
    const { count } = this.#emitter.extent(unit.output);
    const y = this.#emitter.value(unit.output);
    this.contribute(unit.input, (dx, accumulate) => {
      this.#emitter.emit('activation-gradient', { y, dy, dx }, { count, activation: unit.activation, accumulate });
    });
  }

  #pool(unit: UnitOf<'pool'>, dy: Ref): void {
    const emitter = this.#emitter;
    this.contribute(unit.input, (dx, accumulate) => {
      const numbers = { ...windowOf(emitter, unit), accumulate };
      const x = emitter.value(unit.input);
      const y = emitter.value(unit.output);
      if (unit.layer.mode === 'max') emitter.emit('max-pool-gradient', { x, y, dy, dx }, numbers);
      else emitter.emit('average-pool-gradient', { dy, dx }, numbers);
    });
  }
}
