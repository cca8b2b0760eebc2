import type { Executor, ExecutorFactory } from '../../../executors/executor.ts';
import type { Store } from '../../../store/store.ts';

/** What one process opens for many tasks: workers that have loaded what stages need, and stores. */
export class KeptOpen {
  readonly #create: ExecutorFactory;
  readonly #open: (root: string) => Store;
  readonly #executors = new Map<string, Promise<Executor>>();
  readonly #stores = new Map<string, Store>();

  /**
   * @param create - makes executors
   * @param open - opens stores
   */
  constructor(create: ExecutorFactory, open: (root: string) => Store) {
    this.#create = create;
    this.#open = open;
  }

  /** Opens a store, once. */
  readonly store = (root: string): Store => {
    const store = this.#stores.get(root) ?? this.#open(root);
    this.#stores.set(root, store);
    return store;
  };

  /** Makes an executor, once for equal options. To close it does nothing. */
  readonly executor: ExecutorFactory = async (options) => {
    const { slots, threads, gpus, cwd, store } = options;
    const same = JSON.stringify([slots, threads, gpus, cwd, store.root]);
    const made = this.#executors.get(same) ?? this.#create(options);
    this.#executors.set(same, made);
    const executor = await made;
    return {
      capacity: executor.capacity,
      start: (tasks, told) => executor.start(tasks, told),
      close: () => Promise.resolve(),
    };
  };

  /** Closes all. */
  async close(): Promise<void> {
    for (const executor of this.#executors.values()) await (await executor).close();
  }
}
