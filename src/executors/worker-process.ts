import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Failure } from '../core/failure.ts';
import type { CellId } from '../core/plan.ts';
import type { StageResult, TaskMessage, WorkerTask } from '../core/task.ts';
import { isCrash } from '../util/crash.ts';
import { createDeferred, type Deferred } from '../util/deferred.ts';
import { lastLines } from '../util/last-lines.ts';
import { nodeArguments } from '../util/own-module.ts';
import type { Risk } from '../util/risk.ts';
import type { FromWorker, ToWorker } from '../worker/protocol.ts';
import { deathFailure, lastWords, type Exit } from './death.ts';
import { watchGroups, type TaskGroups } from './groups.ts';

/** Most characters of a worker's own output that are kept to explain its death. */
const keptOutput = 16_000;

const workerModule = { source: new URL('../worker/main.ts', import.meta.url), built: 'dist/worker/main.js' };

/** Waits until the system has started a process. */
function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}

/** How long the last words of a process that has ended may take; somebody else may hold its output open. Milliseconds. */
const lastWordsWithin = 1000;

/**
 * Waits until a process has ended and all that it said is read. Node's `close` event does not come for a process whose channel
 * was closed on our side.
 */
async function ended(child: ChildProcess): Promise<Exit> {
  const read = [child.stdout, child.stderr].map((stream) => new Promise((resolve) => stream?.once('close', resolve)));
  const exit = await new Promise<Exit>((resolve) =>
    child.once('exit', (exitCode, signal) => resolve({ exitCode: exitCode ?? undefined, signal: signal ?? undefined })),
  );
  await Promise.race([Promise.all(read), setTimeout(lastWordsWithin, undefined, { ref: false })]);
  return exit;
}

/** How a worker served a task: to its end, or it died over it. */
export type Served = StageResult | WorkerDeath;

/** A worker process ended while it had the task. */
export interface WorkerDeath {
  readonly status: 'died';
  /** True when the stage had ended and its result was being written. */
  readonly committing: boolean;
  readonly signal: string | undefined;
  /** What it has probably died of, where it crashed while it used something experimental. */
  readonly risk: Risk | undefined;
  /** Cells of the task's cohort that it had not ended either, this one among them; none where it ran alone. */
  readonly together: readonly CellId[];
  readonly failure: Failure;
  /** Last lines of the stage's log and of the worker's own output. */
  readonly tail: readonly string[];
}

/** A task that a worker has. */
interface Assignment {
  readonly task: WorkerTask;
  readonly groups: TaskGroups;
  readonly served: Deferred<Served>;
  committing: boolean;
}

/** A process that serves tasks: one, or a cohort, that runs, and further ones that are being committed. */
export class WorkerProcess {
  readonly #process: ChildProcess;
  readonly #gone: Promise<void>;
  readonly #assignments = new Map<CellId, Assignment>();
  /** What it has beside this process's own environment, as it was given. */
  readonly environment: Readonly<Record<string, string>>;
  #output = '';
  #risk: Risk | undefined;
  /** How it ended, once it has. */
  #exit: Exit | undefined;
  /** Kind of the last task: a worker that has loaded an engine is better for the next stage of that kind. */
  lastKind: string | undefined;

  private constructor(process: ChildProcess, environment: Readonly<Record<string, string>>) {
    this.#process = process;
    this.environment = environment;
    process.on('message', (message) => this.#receive(message as FromWorker));
    for (const stream of [process.stdout, process.stderr])
      stream?.on('data', (text: Buffer) => (this.#output = (this.#output + text.toString()).slice(-keptOutput)));
    // A message that cannot be sent any more: the end says it.
    process.on('error', () => undefined);
    this.#gone = ended(process).then((exit) => this.#die(exit));
  }

  /**
   * Starts a worker process, in its own process group: Ctrl-C in a terminal reaches the runner alone, which then decides.
   *
   * @param environment - variables that it gets beside this process's own
   * @param cwd - folder that it runs in
   * @returns the worker, ready for its first task
   * @throws the system's error where it cannot be started
   */
  static async launch(environment: Readonly<Record<string, string>> = {}, cwd = process.cwd()): Promise<WorkerProcess> {
    const child = spawn(process.execPath, nodeArguments(workerModule), {
      env: { ...process.env, ...environment },
      cwd,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    // Nothing is read or sent before: without descriptors there are no streams either.
    await started(child);
    return new WorkerProcess(child, environment);
  }

  /** False once the process has ended. */
  get alive(): boolean {
    return this.#exit === undefined;
  }

  /** Serves a task; no other one may be running but those of its cohort, only committing. */
  run(task: WorkerTask, tell: (message: TaskMessage) => void): Promise<Served> {
    const assignment = { task, groups: watchGroups(task, tell), served: createDeferred<Served>(), committing: false };
    this.#assignments.set(task.cell, assignment);
    this.lastKind = task.kind;
    if (this.#exit) this.#die(this.#exit);
    else this.#send({ type: 'task', task });
    return assignment.served.promise;
  }

  interrupt(cell: CellId): void {
    this.#send({ type: 'interrupt', cell });
  }

  /** What runs may use as many threads from now on. */
  resize(threads: number): void {
    this.#send({ type: 'threads', threads });
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
    if (message.type === 'risk') {
      this.#risk = message.risk;
      return;
    }
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
    this.#exit = exit;
    const { signal } = exit;
    const assignments = [...this.#assignments.values()];
    this.#assignments.clear();
    const running = new Set(assignments.flatMap(({ task, committing }) => (committing ? [] : [task.cell])));
    const words = lastWords(this.#output);
    for (const { task, groups, served, committing } of assignments) {
      groups.kill();
      served.resolve({
        status: 'died',
        committing,
        signal,
        risk: isCrash(signal) ? this.#risk : undefined,
        together: task.cohort.filter((cell) => running.has(cell)),
        failure: deathFailure(exit, words),
        tail: [...lastLines(join(task.folder, 'log.txt')), ...words].slice(-20),
      });
    }
  }
}
