import { engine, scalar, tensor, tidy, zeros, type Tensor } from '@tensorflow/tfjs-core';
import './setup.ts';
import type { Adapter } from '../algebra/adapter.ts';
import { shapeText, sizeOf, type Node, type NodeOf } from '../algebra/node.ts';
import { floatAt } from '../../../util/at.ts';
import type { KdLoss, StepArrays, TapShapes } from '../kd-method.ts';
import { stepArrays, type AdapterRunner, type KdLossBatch, type KdLossValue } from '../terms/kd-loss.ts';
import { recordTerm, type TermGraph } from '../terms/term-graph.ts';
import { kernels, type ComputedOp } from './kernels.ts';
import { valuesOf, withGradient } from './values.ts';

/** Makes adapters operations of tfjs's tape: forwards and backwards they run where they are called, on the engine. */
class AdapterCalls {
  /** Stands for parameters: an adapter whose input does not come from the student is differentiated in it alone. */
  readonly parameters = scalar(0);
  readonly #runner: AdapterRunner | null;
  /** Those that have been differentiated. */
  readonly #differentiated = new Set<Adapter>();

  constructor(runner: AdapterRunner | null) {
    this.#runner = runner;
  }

  apply({ attributes: { adapter }, shape }: NodeOf<'adapter'>, input: Tensor, images: number): Tensor {
    const [runner, { name, network }] = [this.#runner, adapter];
    if (!runner) throw new Error(`nothing to run adapter ${name}`);
    const [first] = network.layers;
    const watched = first?.kind === 'input' && first.differentiable ? input : this.parameters;
    return withGradient(
      [watched],
      () => tensor(runner.forward(name, valuesOf(input), images).slice(), [...shape]),
      (dy) => {
        this.#differentiated.add(adapter);
        const slopes = runner.backward(name, valuesOf(dy));
        return [slopes && watched === input ? tensor(slopes.slice(), input.shape) : zeros(watched.shape)];
      },
    );
  }

  /** Refuses an adapter that would be updated by the gradients of another batch. */
  require(adapters: readonly Adapter[]): void {
    for (const adapter of adapters)
      if (!this.#differentiated.has(adapter)) throw new Error(`the term has no gradient in adapter ${adapter.name}`);
  }
}

/** Values of an input's array, which is as long as its shape says. */
function arrayOf(node: NodeOf<'input'>, arrays: StepArrays): Float32Array | Int32Array {
  const { name, source } = node.attributes;
  const values = arrays[name];
  if (!values) throw new Error(source === 'step' ? `nothing fills ${name}` : `no values of tap ${name}`);
  if (values.length !== sizeOf(node.shape))
    throw new Error(`${name} has ${values.length} values, and its shape ${shapeText(node.shape)}`);
  return values;
}

/** One evaluation of a graph: tensors of the nodes that have been reached. */
class Evaluation {
  readonly #tensors = new Map<Node, Tensor>();
  readonly #graph: TermGraph;
  readonly #calls: AdapterCalls;
  readonly #arrays: Readonly<Record<'student' | 'teacher' | 'step', StepArrays>>;
  readonly #images: number;

  constructor(graph: TermGraph, { taps, ...batch }: KdLossBatch, term: KdLoss, calls: AdapterCalls) {
    this.#graph = graph;
    this.#calls = calls;
    this.#images = batch.labels.length;
    this.#arrays = { ...taps, step: stepArrays(batch, term.fill) };
    for (const node of Object.values(graph.student)) this.#compute(node);
    for (const node of graph.nodes) if (node.op === 'input') this.#compute(node);
  }

  /** Tensor of a node that has been reached. */
  get(node: Node): Tensor {
    const found = this.#tensors.get(node);
    if (!found) throw new Error(`${node.op} is read before it is computed`);
    return found;
  }

  /** All nodes in order; the term's value. */
  run(): Tensor {
    for (const node of this.#graph.nodes) this.#compute(node);
    return this.get(this.#graph.loss);
  }

  #compute(node: Node): void {
    if (this.#tensors.has(node)) return;
    const inputs = node.inputs.map((input) => this.get(input));
    this.#tensors.set(node, this.#tensorOf(node, inputs));
  }

  #tensorOf(node: Node, inputs: readonly Tensor[]): Tensor {
    if (node.op === 'input') return this.#input(node);
    if (node.op === 'adapter') return this.#calls.apply(node, inputs[0] ?? this.#calls.parameters, this.#images);
    const isConstant = (at: number) =>
      !node.inputs.slice(at, at + 1).some((from) => this.#graph.differentiable.has(from));
    return compute(node, inputs, isConstant);
  }

  #input(node: NodeOf<'input'>): Tensor {
    const { source } = node.attributes;
    const values = arrayOf(node, this.#arrays[source]);
    // The engine reuses the memory behind taps in the next step, and a tensor may keep what it is given.
    return tensor(source === 'step' ? values : values.slice(), [...node.shape], node.dtype);
  }
}

function compute<O extends ComputedOp>(
  node: NodeOf<O>,
  inputs: readonly Tensor[],
  isConstant: (input: number) => boolean,
): Tensor {
  return kernels[node.op](inputs, { node, isConstant });
}

/** Evaluates a distillation term on batches, and differentiates it, by tfjs on the CPU. */
export class TermInterpreter {
  readonly #term: KdLoss;
  readonly #shapes: TapShapes;
  /** By number of images. */
  readonly #graphs = new Map<number, TermGraph>();

  /**
   * @param term - made by a method for `shapes`
   * @param shapes - of both sides' taps
   */
  constructor(term: KdLoss, shapes: TapShapes) {
    this.#term = term;
    this.#shapes = shapes;
  }

  /**
   * Records the term.
   *
   * @param images - of a batch
   * @returns its expression for such batches
   */
  prepare(images: number): TermGraph {
    const known = this.#graphs.get(images);
    if (known) return known;
    const graph = recordTerm(this.#term, this.#shapes, images);
    this.#graphs.set(images, graph);
    return graph;
  }

  /**
   * Evaluates the term and differentiates it in the student's taps and, through the runner, in the parameters of its
   * adapters. No tensor outlives the call.
   *
   * @param batch - values of both sides' taps, labels, random streams, weight
   * @param runner - runs the term's adapters; null where it has none
   * @returns the unweighted value, its weighted gradients, and what the term's memory reads
   */
  run(batch: KdLossBatch, runner: AdapterRunner | null = null): KdLossValue {
    const graph = this.prepare(batch.labels.length);
    let result: KdLossValue | undefined;
    tidy(() => {
      const calls = new AdapterCalls(runner);
      const evaluation = new Evaluation(graph, batch, this.#term, calls);
      const taps = Object.entries(graph.student);
      const watched = [...taps.map(([, node]) => evaluation.get(node)), calls.parameters];
      let outputs: KdLossValue['outputs'] = {};
      const evaluate = (): Tensor => {
        const loss = evaluation.run();
        outputs = Object.fromEntries(
          Object.entries(graph.outputs).map(([name, node]) => [name, valuesOf(evaluation.get(node)).slice()]),
        );
        return loss;
      };
      // Not `grads`, which demands that the result depends on every value.
      const { value, grads } = engine().gradients(evaluate, watched, scalar(batch.weight), true);
      calls.require(this.#term.adapters ?? []);
      const gradients = taps.map(([tap, node], at) => {
        const gradient = grads[at];
        return [tap, gradient ? valuesOf(gradient) : new Float32Array(sizeOf(node.shape))] as const;
      });
      // Not returned from here: tidy would look for tensors among the numbers, one by one.
      result = { value: floatAt(valuesOf(value), 0), gradients: Object.fromEntries(gradients), outputs };
    });
    if (!result) throw new Error('the distillation term was not evaluated');
    return result;
  }
}
