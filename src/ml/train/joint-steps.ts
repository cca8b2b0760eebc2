import type { BatchLoader, TrainBatch } from '../data/batch-loader.ts';
import type { Engine } from '../engines/engine.ts';

/** Asks for all runs of a step on a batch; what comes of them is read later. */
type Begin = (batch: TrainBatch) => void;

/** Steps on one batch. */
interface Round {
  readonly epoch: number;
  readonly batch: number;
  /** By those who take part: how each begins. */
  readonly begins: Map<object, Begin>;
  /** Those that have begun, and of what those have failed that could not. */
  begun: Promise<ReadonlyMap<object, unknown>> | undefined;
}

/** A place in the steps on a batch. */
export interface JointStep {
  /**
   * Makes the step, with those of all who have joined by now.
   *
   * @returns once all runs are made
   * @throws whatever this step, or the making of the batch, failed of
   */
  make(): Promise<void>;
  /**
   * Leaves.
   *
   * @returns false where the step has been made
   */
  leave(): boolean;
}

/**
 * Steps of several runs on the same batches: who has joined when the first of them wants its step gets it too, in one run of
 * the engine. Each keeps the bits that it has alone.
 */
export class JointSteps {
  readonly #engine: Pick<Engine, 'together'>;
  readonly #loader: BatchLoader;
  /** Those that have not begun, by batch. */
  readonly #rounds = new Map<string, Round>();
  #waited = 0;

  /**
   * @param engine - of all runs
   * @param loader - gives the same object to all who take the same batch
   */
  constructor(engine: Pick<Engine, 'together'>, loader: BatchLoader) {
    this.#engine = engine;
    this.#loader = loader;
  }

  /** Milliseconds so far that steps have waited for their batches to be made. */
  get waited(): number {
    return this.#waited;
  }

  /**
   * Joins the next step on a batch.
   *
   * @param place - which batch
   * @param place.epoch - from 0
   * @param place.batch - of the epoch, from 0
   * @param begin - asks for the step's runs
   * @returns the place in it
   */
  join({ epoch, batch }: Pick<Round, 'epoch' | 'batch'>, begin: Begin): JointStep {
    const name = `${epoch} ${batch}`;
    const round: Round = this.#rounds.get(name) ?? { epoch, batch, begins: new Map(), begun: undefined };
    this.#rounds.set(name, round);
    const self = {};
    round.begins.set(self, begin);
    return {
      make: async () => {
        round.begun ??= this.#make(round);
        const failed = await round.begun;
        if (failed.has(self)) throw failed.get(self);
      },
      leave: () => {
        const left = round.begins.delete(self);
        if (this.#rounds.get(name) === round && !round.begins.size) this.#rounds.delete(name);
        return left;
      },
    };
  }

  async #make(round: Round): Promise<ReadonlyMap<object, unknown>> {
    const { epoch, batch, begins } = round;
    // Who joins from now on waits for the next turn.
    this.#rounds.delete(`${epoch} ${batch}`);
    const asked = performance.now();
    const taken = await this.#loader.take(epoch, batch);
    this.#waited += performance.now() - asked;
    const failed = new Map<object, unknown>();
    this.#engine.together(() => {
      for (const [self, begin] of begins) {
        try {
          begin(taken);
        } catch (error) {
          failed.set(self, error);
        }
      }
    });
    begins.clear();
    return failed;
  }
}
