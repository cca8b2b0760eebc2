import type { Engine, OptimizerSpec, Session, TrainStep, UpdateOptions } from '../engines/engine.ts';
import type { Adapter } from '../methods/algebra/adapter.ts';
import type { AdapterRunner } from '../methods/terms/kd-loss.ts';
import { initialState } from '../network/initial.ts';
import type { StateDict } from '../network/network.ts';
import { bits } from '../random/random.ts';

/** Where adapters are trained, and how: with the student's optimiser. */
export interface AdapterDeps {
  readonly engine: Engine;
  readonly optimizer: OptimizerSpec;
  readonly threads: number;
  readonly seed: number;
}

/** Start values: drawn like a network's, but for those that the adapter states. */
function startOf({ network, initial = {} }: Adapter, seed: number): StateDict {
  return new Map(
    [...initialState(network, seed)].map(([name, values]) => {
      const stated = initial[name];
      return [name, stated === undefined ? values : values.map(() => stated)];
    }),
  );
}

/** An adapter on the engine. */
interface Live {
  readonly adapter: Adapter;
  readonly session: Session;
  /** Whose forward pass ran last; of the second pass over a batch too. */
  step: TrainStep | null;
  second: TrainStep | null;
}

/** Adapters of a term: networks that are trained along with the student, each in a session of its own. */
export class Adapters implements AdapterRunner {
  readonly #live = new Map<string, Live>();
  readonly #dropoutSeed: number;
  #updates = 0;
  /** Runs them for the second pass over a batch, whose gradients are added to the first one's. */
  readonly second: AdapterRunner = {
    forward: (name, input, batch) => this.#forward(name, input, { batch, secondPass: true }),
    backward: (name, gradient) => this.#backward(this.#find(name), gradient, 'second'),
  };

  /**
   * @param adapters - of a term
   * @param deps - engine, optimiser, seed
   */
  constructor(adapters: readonly Adapter[], { engine, optimizer, threads, seed }: AdapterDeps) {
    this.#dropoutSeed = bits(seed, 'dropout', 0, 0);
    try {
      for (const adapter of adapters) {
        const session = engine.session(adapter.network, { optimizer, threads });
        this.#live.set(adapter.name, { adapter, session, step: null, second: null });
        session.write(startOf(adapter, seed));
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /**
   * Compiles every adapter's step.
   *
   * @param batch - number of images
   * @param passes - over each batch: 1 or 2
   */
  prepare(batch: number, passes: number): void {
    for (const second of [false, true].slice(0, passes))
      for (const { session } of this.#live.values()) session.trainStep({ batch, taps: [], secondPass: second });
  }

  /** Number of updates so far. */
  get updates(): number {
    return this.#updates;
  }

  #find(name: string): Live {
    const live = this.#live.get(name);
    if (!live) throw new Error(`no adapter ${name}`);
    return live;
  }

  #forward(
    name: string,
    input: Float32Array,
    pass: { readonly batch: number; readonly secondPass: boolean },
  ): Float32Array {
    const live = this.#find(name);
    const step = live.session.trainStep({ ...pass, taps: [] });
    step.input.set(input);
    step.forward(this.#dropoutSeed, this.#updates);
    live[pass.secondPass ? 'second' : 'step'] = step;
    return step.logits;
  }

  #backward(live: Live, gradient: Float32Array, pass: 'step' | 'second'): Float32Array | null {
    const { adapter, [pass]: step } = live;
    if (!step) throw new Error(`backward of adapter ${adapter.name} without a forward pass`);
    step.logitsGradient.set(gradient);
    step.backward();
    const [input] = adapter.network.layers;
    return input?.kind === 'input' && input.differentiable ? step.inputGradient : null;
  }

  forward(name: string, input: Float32Array, batch: number): Float32Array {
    return this.#forward(name, input, { batch, secondPass: false });
  }

  backward(name: string, gradient: Float32Array): Float32Array | null {
    return this.#backward(this.#find(name), gradient, 'step');
  }

  /**
   * Updates every adapter from the gradients of its last `backward`.
   *
   * @param options - the student's: learning rate and decay
   */
  update(options: UpdateOptions): void {
    for (const { step } of this.#live.values()) step?.update(options);
    this.#updates++;
  }

  /** Parameters, running statistics and optimiser slots: `<adapter>/<name>`. */
  state(): StateDict {
    const state = new Map<string, Float32Array>();
    for (const [adapter, { session }] of this.#live)
      for (const [name, values] of [...session.read(), ...session.readOptimizer().slots])
        state.set(`${adapter}/${name}`, values);
    return state;
  }

  /**
   * Goes on from what `state` gave.
   *
   * @param state - the same adapters'
   * @param updates - number of updates that made it
   */
  restore(state: StateDict, updates: number): void {
    for (const [adapter, { session }] of this.#live) {
      const prefix = `${adapter}/`;
      const own = new Map(
        [...state].flatMap(([name, values]) =>
          name.startsWith(prefix) ? [[name.slice(prefix.length), values] as const] : [],
        ),
      );
      session.write(own);
      session.writeOptimizer({ updates, slots: own });
    }
    this.#updates = updates;
  }

  dispose(): void {
    for (const { session } of this.#live.values()) session.dispose();
    this.#live.clear();
  }
}
