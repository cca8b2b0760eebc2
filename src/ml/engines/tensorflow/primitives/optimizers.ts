import type { Graph, Tensor } from '../graph.ts';
import { stretches, type Operand } from '../operand.ts';
import { update, type VariableInRound } from '../variables.ts';
import type { Context, Nodes } from './context.ts';

/** Where a rule updates, in stretches that are one variable each. */
type Stretch = ReturnType<typeof stretches>[number];

/** A gradient with coupled decay. */
function decayed({ graph, control }: Context, w: Tensor, g: Tensor, decay: number): Tensor {
  return decay ? graph.add(g, graph.mul(w, control('weightDecay'))) : g;
}

/** old · keep + now · add. */
const blend = (graph: Graph, old: Tensor, keep: number, now: Tensor): Tensor =>
  graph.add(graph.mul(old, graph.scalar(keep)), now);

/** Variables that TensorFlow's own rule updates in place. */
function inPlace(operand: Operand, { from, floats }: Stretch): VariableInRound {
  const variable = operand.from(from).variable(floats);
  if (!variable) throw new Error('an update reaches over more than one variable');
  return variable;
}

/** ResourceApplyAdam adds ε before PyTorch's correction of the second moment, so that ε and the step are scaled by it. */
function adam(
  { graph, control }: Context,
  { beta1, beta2, eps }: { readonly beta1: number; readonly beta2: number; readonly eps: number },
): (handles: readonly Tensor[], g: Tensor, after: readonly string[]) => string {
  const [zero, second] = [graph.scalar(0), control('biasCorrection2Sqrt')];
  const rate = graph.div(graph.mul(control('learningRate'), second), control('biasCorrection1'));
  const numbers = [zero, zero, rate, graph.scalar(beta1), graph.scalar(beta2), graph.mul(second, graph.scalar(eps))];
  const attributes = { T: { type: 'float' }, use_locking: { bool: false }, use_nesterov: { bool: false } } as const;
  return (handles, g, after) => graph.effect('ResourceApplyAdam', [...handles, ...numbers, g], { attributes, after });
}

export const optimizers: Nodes<'adamw' | 'sgd' | 'rmsprop' | 'moving-average'> = {
  adamw({ w, g, expAvg, expAvgSq }, { count, decay, ...numbers }, context) {
    const { graph, control } = context;
    const apply = adam(context, numbers);
    const left = graph.sub(graph.scalar(1), graph.mul(control('learningRate'), control('weightDecay')));
    for (const stretch of stretches([w, g, expAvg, expAvgSq], count)) {
      const { from, floats } = stretch;
      if (decay) w.from(from).put(graph.mul(w.from(from).get(floats), left));
      const gradient = g.from(from).get(floats);
      const variables = [w, expAvg, expAvgSq].map((operand) => inPlace(operand, stretch));
      update(variables, (handles, after) => apply(handles, gradient, after));
    }
  },
  sgd({ w, g, momentumBuffer }, { count, decay, nesterov, momentum }, context) {
    const { graph, control } = context;
    for (const { from, floats } of stretches([w, g, momentumBuffer], count)) {
      const weights = w.from(from).get(floats);
      const gradient = decayed(context, weights, g.from(from).get(floats), decay);
      const velocity = blend(graph, momentumBuffer.from(from).get(floats), momentum, gradient);
      momentumBuffer.from(from).put(velocity);
      const step = nesterov ? blend(graph, velocity, momentum, gradient) : velocity;
      w.from(from).put(graph.sub(weights, graph.mul(step, control('learningRate'))));
    }
  },
  rmsprop({ w, g, squareAvg, momentumBuffer }, { count, decay, alpha, eps, momentum }, context) {
    const { graph, control } = context;
    for (const { from, floats } of stretches([w, g, squareAvg, momentumBuffer], count)) {
      const weights = w.from(from).get(floats);
      const gradient = decayed(context, weights, g.from(from).get(floats), decay);
      const fresh = graph.mul(graph.unary('Square', gradient), graph.scalar(1 - alpha));
      const square = blend(graph, squareAvg.from(from).get(floats), alpha, fresh);
      squareAvg.from(from).put(square);
      const scaled = graph.div(gradient, graph.add(graph.unary('Sqrt', square), graph.scalar(eps)));
      const velocity = blend(graph, momentumBuffer.from(from).get(floats), momentum, scaled);
      momentumBuffer.from(from).put(velocity);
      w.from(from).put(graph.sub(weights, graph.mul(velocity, control('learningRate'))));
    }
  },
  'moving-average'({ average, x }, { count }, { graph, control }) {
    for (const { from, floats } of stretches([average, x], count)) {
      const old = average.from(from).get(floats);
      const way = graph.sub(x.from(from).get(floats), old);
      average.from(from).put(graph.add(old, graph.mul(way, control('averageStep'))));
    }
  },
};
