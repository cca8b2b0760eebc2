import type { AdapterCall } from '../../src/ml/algebra/node.ts';
import type { Engine, Session, TrainStep } from '../../src/ml/engines/engine.ts';
import type { StateDict } from '../../src/ml/network/network.ts';
import type { AdapterCallbacks, Values } from './evaluate-expression.ts';

const SGD = { name: 'sgd', momentum: 0, nesterov: false } as const;

/** Runs adapters on an engine, with weights that are given. */
export class EngineRunner implements AdapterCallbacks {
  readonly #engine: Engine;
  readonly #weights: StateDict;
  readonly #sessions = new Map<string, Session>();
  readonly #steps = new Map<string, TrainStep>();

  /**
   * @param engine - which
   * @param weights - of all adapters, by name; running statistics are made
   */
  constructor(engine: Engine, weights: StateDict) {
    this.#engine = engine;
    this.#weights = weights;
  }

  forward({ adapter: { name, network } }: AdapterCall, input: Float64Array, images: number): Values {
    const session = this.#engine.session(network, { optimizer: SGD });
    this.#sessions.set(name, session);
    session.write(
      new Map(
        network.parameters.map(({ name: parameter, shape }) => {
          const size = shape.reduce((product, n) => product * n, 1);
          return [parameter, this.#weights.get(parameter) ?? new Float32Array(size)];
        }),
      ),
    );
    const step = session.trainStep({ batch: images, taps: [] });
    this.#steps.set(name, step);
    step.input.set(input);
    step.forward(0, 0);
    return Float64Array.from(step.logits);
  }

  backward({ adapter: { name } }: AdapterCall, gradient: Float64Array): Values {
    const step = this.#steps.get(name)!;
    step.logitsGradient.set(gradient);
    step.backward();
    const first = this.#sessions.get(name)!.network.layers[0]!;
    return first.kind === 'input' && first.differentiable ? Float64Array.from(step.inputGradient) : new Float64Array();
  }

  /** Gradients of all weights. */
  gradients(): StateDict {
    return new Map([...this.#sessions.values()].flatMap((session) => [...session.readGradients()]));
  }
}
