import type {
  AdapterRun,
  Engine,
  EngineArray,
  OptimizerSpec,
  Session,
  TrainStep,
  UpdateOptions,
} from '../engines/engine.ts';
import type { AdapterCall } from '../algebra/node.ts';
import type { Adapter } from '../algebra/adapter.ts';
import { initialState } from '../network/initial.ts';
import type { StateDict } from '../network/network.ts';
import { bits } from '../random/random.ts';

/** Where adapters are trained, and how: with the student's optimiser. */
export interface AdapterDeps {
  readonly engine: Engine;
  readonly optimizer: OptimizerSpec;
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

/** Adapters of a term: networks that are trained along with the student, each in a session of its own. */
export class Adapters {
  readonly #sessions = new Map<Adapter, Session>();
  readonly #dropoutSeed: number;
  /** Whose first pass ran last. */
  readonly #latest = new Map<Adapter, TrainStep>();
  #updates = 0;

  /**
   * @param adapters - of a term
   * @param deps - engine, optimiser, seed
   */
  constructor(adapters: readonly Adapter[], { engine, optimizer, seed }: AdapterDeps) {
    this.#dropoutSeed = bits(seed, 'dropout', 0, 0);
    try {
      for (const adapter of adapters) {
        const session = engine.session(adapter.network, { optimizer });
        this.#sessions.set(adapter, session);
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
    for (const secondPass of [false, true].slice(0, passes))
      for (const session of this.#sessions.values()) session.trainStep({ batch, taps: [], secondPass });
  }

  /** Number of updates so far. */
  get updates(): number {
    return this.#updates;
  }

  /**
   * A pass of an adapter. Gradients of the second one are added to those of the first.
   *
   * @param call - which adapter, which pass
   * @param batch - number of images
   * @returns its step, and what runs it forwards
   */
  run({ adapter, pass }: AdapterCall, batch: number): AdapterRun {
    const session = this.#sessions.get(adapter);
    if (!session) throw new Error(`no adapter ${adapter.name}`);
    const step = session.trainStep({ batch, taps: [], secondPass: pass > 0 });
    const forward = (): void => {
      if (pass === 0) this.#latest.set(adapter, step);
      step.forward(this.#dropoutSeed, this.#updates);
    };
    return { step, forward };
  }

  /** Where the gradients of each lie. */
  gradients(): readonly EngineArray[] {
    return [...this.#sessions.values()].map(({ gradients }) => gradients);
  }

  /**
   * Updates every adapter from the gradients of its last `backward`.
   *
   * @param options - the student's: learning rate and decay
   */
  update(options: UpdateOptions): void {
    for (const step of this.#latest.values()) step.update(options);
    this.#updates++;
  }

  /** Parameters, running statistics and optimiser slots: `<adapter>/<name>`. */
  state(): StateDict {
    const state = new Map<string, Float32Array>();
    for (const [{ name: adapter }, session] of this.#sessions)
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
    for (const [{ name: adapter }, session] of this.#sessions) {
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
    for (const session of this.#sessions.values()) session.dispose();
    this.#sessions.clear();
  }
}
