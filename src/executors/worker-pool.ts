import type { CellId } from '../core/plan.ts';
import type { Risk } from '../util/risk.ts';
import { WorkerProcess } from './worker-process.ts';

/** A worker that the tasks of a cohort have in common. */
interface CohortWorker {
  readonly worker: Promise<WorkerProcess>;
  /** The same, once it has started. */
  process?: WorkerProcess;
  /** Tasks that have it. */
  users: number;
}

/** The worker processes of a pool: those that are busy, and those that wait for a task. */
export class WorkerPool {
  readonly #cwd: string;
  /** All that were ever launched, those under way too. */
  readonly #workers = new Set<Promise<WorkerProcess>>();
  readonly #idle: WorkerProcess[] = [];
  /** By the cells of the cohort. */
  readonly #teams = new Map<string, CohortWorker>();
  /** What workers get beside this process's own environment. */
  #environment: Readonly<Record<string, string>> = {};

  /** @param cwd - folder that the workers run in; by default the current one */
  constructor(cwd = process.cwd()) {
    this.#cwd = cwd;
  }

  /**
   * Takes a worker for a task: that of its cohort, or an idle one, best one that has loaded what the kind needs, or a new
   * one.
   *
   * @param kind - of the task that it is for
   * @param cohort - cells of the task's cohort
   * @param gpus - the GPUs that it may see, the same for a whole cohort
   * @returns the worker
   * @throws Error when no process can be started
   */
  take(kind: string, cohort: readonly CellId[] = [], gpus: readonly string[] = []): Promise<WorkerProcess> {
    if (!cohort.length) return this.#single(kind, gpus);
    const name = teamName(cohort);
    let team = this.#teams.get(name);
    if (!team || team.process?.alive === false) team = this.#newTeam(kind, gpus);
    team.users++;
    this.#teams.set(name, team);
    return team.worker;
  }

  #newTeam(kind: string, gpus: readonly string[]): CohortWorker {
    const team: CohortWorker = { worker: this.#single(kind, gpus), users: 0 };
    // Whoever takes it hears of a worker that does not start.
    team.worker.then(
      (process) => (team.process = process),
      () => undefined,
    );
    return team;
  }

  async #single(kind: string, gpus: readonly string[]): Promise<WorkerProcess> {
    const alive = this.#idle.splice(0).filter((worker) => worker.alive);
    this.#idle.push(...alive);
    // CUDA reads its devices once a process.
    const devices = gpus.length ? gpus.join(',') : undefined;
    const fitting = alive.filter((worker) => worker.environment['CUDA_VISIBLE_DEVICES'] === devices);
    const worker = fitting.findLast(({ lastKind }) => lastKind === kind) ?? fitting.at(-1);
    // One that sees other devices leaves instead of the one that starts: there are never more than tasks at once.
    const leaving = worker ?? alive[0];
    if (leaving) this.#idle.splice(this.#idle.indexOf(leaving), 1);
    if (worker) return worker;
    void leaving?.close();
    const visible = devices === undefined ? {} : { CUDA_VISIBLE_DEVICES: devices };
    const launched = WorkerProcess.launch({ ...this.#environment, ...visible }, this.#cwd);
    this.#workers.add(launched);
    return launched;
  }

  /**
   * Takes a worker back, once after each {@link take}.
   *
   * @param worker - may get the next task, unless its cohort still has it
   * @param cohort - as it was taken
   */
  free(worker: WorkerProcess, cohort: readonly CellId[] = []): void {
    const name = teamName(cohort);
    const team = this.#teams.get(name);
    if (team?.process === worker) {
      if (--team.users > 0) return;
      this.#teams.delete(name);
    }
    if (!worker.alive) return;
    if (this.#suits(worker)) this.#idle.push(worker);
    else void worker.close();
  }

  /**
   * Gives tasks only workers from now on that do without something; those that are busy keep it until they are free.
   *
   * @param risk - what has killed a worker
   */
  avoid({ without }: Risk): void {
    if (Object.entries(without).every(([name, value]) => this.#environment[name] === value)) return;
    this.#environment = { ...this.#environment, ...without };
    for (const worker of this.#idle.splice(0)) void worker.close();
  }

  /** Whether a worker does without all that is avoided. */
  #suits(worker: WorkerProcess): boolean {
    return Object.entries(this.#environment).every(([name, value]) => worker.environment[name] === value);
  }

  /** Lets all workers exit, and waits for them; busy ones let their tasks save what they have first. */
  async close(): Promise<void> {
    const launched = await Promise.allSettled(this.#workers);
    this.#workers.clear();
    await Promise.all(launched.flatMap((launch) => (launch.status === 'fulfilled' ? [launch.value.close()] : [])));
  }
}

const teamName = (cohort: readonly CellId[]): string => cohort.join('\n');
