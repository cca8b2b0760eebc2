import type { Network } from '../network/network.ts';
import { AllocatedArray, keepPictures } from './arrays.ts';
import type { Engine, OwnArray, Session, SessionOptions } from './engine.ts';
import type { Executor } from './executor.ts';
import { CompiledSession } from './session.ts';

/** An engine over any executor. */
export class CompiledEngine implements Engine {
  readonly name: string;
  readonly halfPrecision: Engine['halfPrecision'];
  readonly takesPixels: boolean;
  readonly sharesMemory: boolean;
  readonly keep: Engine['keep'] = (file) => keepPictures(this.executor, file);
  /** What computes. */
  readonly executor: Executor;

  constructor(executor: Executor) {
    this.takesPixels = executor.takesPixels ?? false;
    this.sharesMemory = executor.sharesMemory ?? false;
    this.halfPrecision = executor.target.bfloat16?.format ?? null;
    this.name = executor.name;
    this.executor = executor;
  }

  get description(): Engine['description'] {
    return this.executor.description;
  }

  session(network: Network, options: SessionOptions): Session {
    return new CompiledSession(this.executor, network, options);
  }

  array(floats: number): OwnArray {
    return new AllocatedArray(this.executor, floats);
  }

  together(work: () => void): void {
    this.executor.together(work);
  }

  limitThreads(threads: number): void {
    this.executor.limitThreads(threads);
  }

  dispose(): Promise<void> {
    return this.executor.dispose();
  }
}
