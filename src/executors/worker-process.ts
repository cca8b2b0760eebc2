import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { execa } from 'execa';
import type { Failure } from '../core/failure.ts';
import type { CellId } from '../core/plan.ts';
import type { StageResult, StageTask, TaskMessage } from '../core/task.ts';
import { deferred, type Deferred } from '../util/deferred.ts';
import { lastLines, tailOf } from '../util/last-lines.ts';
import { assetPath } from '../util/package-root.ts';
import type { FromWorker, ToWorker } from '../worker/protocol.ts';
import { watchGroups, type TaskGroups } from './groups.ts';

/** Most characters of a worker's own output that are kept to explain its death. */
const keptOutput = 4000;

/** Arguments of `node` that start a worker: the bundle, or the sources where this module itself is run from them. */
function workerArguments(): readonly string[] {
  const here = fileURLToPath(import.meta.url);
  if (!here.endsWith('.ts')) return [assetPath('dist/worker/main.js')];
  return ['--import', import.meta.resolve('tsx'), join(here, '../../worker/main.ts')];
}

/** Starts the process, in its own process group: Ctrl-C in a terminal reaches the runner alone, which then decides. */
const startProcess = (start: typeof execa, cwd: string) =>
  start(process.execPath, workerArguments(), {
    cwd,
    ipc: true,
    stdin: 'ignore',
    buffer: false,
    reject: false,
    detached: true,
  });

/** How a worker served a task: to its end, or it died over it. */
export type Served = StageResult | WorkerDeath;

/** A worker process ended while it had the task. */
export interface WorkerDeath {
  readonly status: 'died';
  /** True when the stage had ended and its result was being written. */
  readonly committing: boolean;
  readonly failure: Failure;
  /** Last lines of the stage's log and of the worker's own output. */
  readonly tail: readonly string[];
}

/** A task that a worker has. */
interface Assignment {
  readonly task: StageTask;
  readonly groups: TaskGroups;
  readonly served: Deferred<Served>;
  committing: boolean;
}

/** How a process ended, as execa tells it. */
interface Exit {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
}

/** A process that serves tasks: one, or a cohort, that runs, and further ones that are being committed. */
export class WorkerProcess {
  readonly #process: ReturnType<typeof startProcess>;
  readonly #gone: Promise<void>;
  readonly #assignments = new Map<CellId, Assignment>();
  #output = '';
  #alive = true;
  /** Kind of the last task: a worker that has loaded an engine is better for the next stage of that kind. */
  lastKind: string | undefined;

  private constructor(process: ReturnType<typeof startProcess>) {
    this.#process = process;
    // execa's own message functions wait and check per message; Node's are all that a JSON protocol needs.
    process.on('message', (message) => this.#receive(message as FromWorker));
    for (const stream of [process.stdout, process.stderr])
      stream.on('data', (text: Buffer) => (this.#output = (this.#output + text.toString()).slice(-keptOutput)));
    this.#gone = process.then((exit) => this.#die(exit));
  }

  /**
   * Starts a worker process. execa takes 100 ms to load, so only a run that really runs something loads it.
   *
   * @param cwd - folder that it runs in
   * @returns the worker, ready for its first task
   */
  static async launch(cwd: string): Promise<WorkerProcess> {
    const loaded = await import('execa');
    return new WorkerProcess(startProcess(loaded.execa, cwd));
  }

  /** False once the process has ended. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Serves a task; no other one may be running but those of its cohort, only committing. */
  run(task: StageTask, tell: (message: TaskMessage) => void): Promise<Served> {
    const assignment = { task, groups: watchGroups(tell), served: deferred<Served>(), committing: false };
    this.#assignments.set(task.cell, assignment);
    this.lastKind = task.kind;
    if (this.#alive) this.#send({ type: 'task', task });
    else this.#die({});
    return assignment.served.promise;
  }

  interrupt(cell: CellId): void {
    this.#send({ type: 'interrupt', cell });
  }

  /** Kills the process and what its tasks started. */
  kill(): void {
    this.#process.kill('SIGKILL');
    for (const { groups } of this.#assignments.values()) groups.kill();
  }

  /** Lets the worker exit, and waits for it; its tasks save what they have first. */
  async close(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    await this.#gone;
  }

  #send(message: ToWorker): void {
    // A worker that died meanwhile answers by its death.
    if (this.#process.connected) this.#process.send(message, () => undefined);
  }

  #receive(message: FromWorker): void {
    const assignment = this.#assignments.get(message.cell);
    if (!assignment) return;
    if (message.type === 'result') {
      this.#assignments.delete(message.cell);
      assignment.served.resolve(message.result);
      return;
    }
    if (message.message.type === 'committing') assignment.committing = true;
    assignment.groups.tell(message.message);
  }

  #die(exit: Exit): void {
    this.#alive = false;
    const assignments = [...this.#assignments.values()];
    this.#assignments.clear();
    for (const { task, groups, served, committing } of assignments) {
      groups.kill();
      const tail = [...lastLines(join(task.folder, 'log.txt')), ...tailOf(this.#output)].slice(-20);
      served.resolve({ status: 'died', committing, failure: deathFailure(exit), tail });
    }
  }
}

function deathFailure({ exitCode, signal }: Exit): Failure {
  const how = signal === undefined ? `exited with code ${exitCode ?? 'unknown'}` : `was killed by ${signal}`;
  return {
    code: 'worker-died',
    message: `the worker process that ran it ${how}`,
    ...(signal === 'SIGKILL' ? { fix: 'if nobody killed it, the machine was probably out of memory' } : {}),
  };
}
