import type { StageResult, TaskMessage, WorkerTask } from '../core/task.ts';
import { isCrash } from '../util/crash.ts';
import type { Risk } from '../util/risk.ts';
import { keepVerdict } from '../util/verdicts.ts';
import { failureOf } from '../worker/failure-of.ts';
import type { Executor, ExecutorOptions } from './executor.ts';
import { startLocally, type LocalTask } from './start-locally.ts';
import { WorkerPool } from './worker-pool.ts';
import type { Served, WorkerDeath, WorkerProcess } from './worker-process.ts';

/**
 * Runs tasks in worker processes of this machine. A worker is started when a task finds none idle, serves task after
 * task, and is replaced when it dies: there are never more workers than tasks at once. While the result of one task is
 * written to the disk its worker runs the next.
 *
 * @param options - slots, GPUs, threads and the working folder
 * @returns the executor
 */
export function createPool(options: ExecutorOptions): Executor {
  const workers = new WorkerPool(options.cwd);
  return {
    ...startLocally(options, (task, tell) => new PooledTask(workers, task, tell)),
    close: () => workers.close(),
  };
}

/** A task on its way through the pool: it may be called off before it has a worker. */
class PooledTask implements LocalTask {
  readonly result: Promise<StageResult>;
  readonly #workers: WorkerPool;
  #task: WorkerTask;
  readonly #tell: (message: TaskMessage) => void;
  #worker: WorkerProcess | undefined;
  #calledOff: 'interrupted' | 'killed' | undefined;

  constructor(workers: WorkerPool, task: WorkerTask, tell: (message: TaskMessage) => void) {
    this.#workers = workers;
    this.#task = task;
    this.#tell = tell;
    this.result = this.#serve().catch(startFailure);
  }

  interrupt(): void {
    this.#calledOff ??= 'interrupted';
    this.#worker?.interrupt(this.#task.cell);
  }

  kill(): void {
    this.#calledOff = 'killed';
    this.#worker?.kill();
  }

  resize(threads: number): void {
    this.#task = { ...this.#task, threads };
    this.#worker?.resize(threads);
  }

  async #serve(): Promise<StageResult> {
    let served = await this.#serveOnce(this.#task);
    // Its stage had ended well when another stage took the worker down: the result is there, or is made once more.
    if (served.status === 'died' && served.committing && !this.#calledOff)
      served = await this.#serveOnce({ ...this.#task, cohort: [] });
    if (served.status === 'died' && served.risk) served = await this.#serveWithout(served, served.risk);
    if (served.status !== 'died') return served;
    const { failure, tail } = served;
    return this.#calledOff === 'killed' ? { status: 'interrupted' } : { status: 'failed', failure, tail };
  }

  /** Serves it once more, without what has probably killed its worker, beside those of its cohort that died with it. */
  async #serveWithout({ failure, together }: WorkerDeath, risk: Risk): Promise<Served> {
    const { name, without, verdict } = risk;
    this.#workers.avoid(risk);
    keepVerdict(verdict, 'bad', { died: failure.message });
    const setting = Object.entries(without).map(([variable, value]) => `${variable}=${value}`);
    const message = `${failure.message} while it used ${name}; it runs again without, as with ${setting.join(' ')}`;
    this.#tell({ type: 'warning', message });
    const served = await this.#serveOnce({ ...this.#task, cohort: together });
    // It was something else.
    if (served.status === 'died' && isCrash(served.signal)) keepVerdict(verdict, 'good', { died: 'without them too' });
    return served;
  }

  async #serveOnce(task: WorkerTask): Promise<Served> {
    const worker = await this.#workers.take(task.kind, task.cohort, task.gpus);
    let free = false;
    const setFree = () => {
      if (!free) this.#workers.free(worker, task.cohort);
      free = true;
    };
    try {
      // A cohort waits for all its members: one that was called off has to come and go.
      if (this.#calledOff && !task.cohort.length) return { status: 'interrupted' };
      this.#worker = worker;
      const served = worker.run(task, (message) => {
        if (message.type === 'committing') setFree();
        this.#tell(message);
      });
      if (this.#calledOff) worker.interrupt(task.cell);
      return await served;
    } finally {
      this.#worker = undefined;
      setFree();
    }
  }
}

function startFailure(error: unknown): StageResult {
  const { message, fix } = failureOf(error);
  const failure = { code: 'worker-not-started', message: `no worker process could be started: ${message}` };
  return { status: 'failed', failure: { ...failure, ...(fix !== undefined && { fix }) }, tail: [] };
}
