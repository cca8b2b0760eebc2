import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Failure } from '../core/failure.ts';
import type { Key } from '../core/plan.ts';
import { redactor } from '../core/secrets.ts';
import type { StageResult, StageTask, TaskMessage, WorkerTask } from '../core/task.ts';
import { StageInterrupted, type StageContext, type StageKind, type StageOutcome } from '../stages/stage-kind.ts';
import { damageOf } from '../store/damage.ts';
import type { Draft, DraftManifest, Entry, Store } from '../store/store.ts';
import { lastLines } from '../util/last-lines.ts';
import { kdpipeVersion } from '../util/package-root.ts';
import { findBeginning, keepEnd } from './continuation.ts';
import { failureOf } from './failure-of.ts';
import { clearLog, guardLog } from './log-secrets.ts';
import type { CohortBarriers, Member } from './cohort-barrier.ts';
import { changesIn, refuseDamaged, statesOf } from './reads.ts';

/** What a task needs from the process that executes it. */
export interface TaskDeps {
  readonly store: Store;
  readonly kinds: Readonly<Record<string, StageKind>>;
  /** Where tasks of the same cohort meet. */
  readonly barriers: CohortBarriers;
  /** Aborted when the task shall save what it has and stop. */
  readonly signal: AbortSignal;
  readonly tell: (message: TaskMessage) => void;
}

/**
 * The whole life of one stage, the same in every executor: takes the key's lock, reuses what another run has made
 * meanwhile, or runs the stage in a private draft and commits it.
 *
 * @param task - what to make
 * @param deps - store, kinds, abort signal and where messages go
 * @returns how it ended; expected problems are values, only bugs of this function throw
 */
export async function executeTask(task: WorkerTask, deps: TaskDeps): Promise<StageResult> {
  const member = deps.barriers.member(task, deps.signal);
  try {
    for (;;) {
      const result = await attempt({ task, member }, deps);
      if (result !== 'lost') return result;
    }
  } catch (error) {
    if (deps.signal.aborted || error instanceof StageInterrupted) return { status: 'interrupted' };
    return { status: 'failed', failure: report(error, task), tail: lastLines(logOf(task)) };
  } finally {
    await member.leave();
  }
}

/** Makes or finds the result under the key's lock. `lost`: another process has taken the lock over, and works on it now. */
async function attempt({ task, member }: CohortTask, deps: TaskDeps): Promise<StageResult | 'lost'> {
  const { store, signal } = deps;
  const lock = await lockKey(task, member, deps);
  try {
    const found = task.force ? undefined : await findIntact(store, task.key);
    if (found) return finish(found, found.manifest(), true);
    return await make({ task, member }, { ...deps, signal: AbortSignal.any([signal, lock.lost]) });
  } catch (error) {
    if (!signal.aborted && !(await lock.isHeld())) return 'lost';
    throw error;
  } finally {
    await lock.release();
  }
}

/** A result that is there and is what its stage made; one that was changed since is made anew. */
async function findIntact(store: Store, key: Key): Promise<Entry | undefined> {
  const found = store.find(key);
  return found && !(await damageOf(store.root, key)) ? found : undefined;
}

const logOf = (task: StageTask) => join(task.folder, 'log.txt');

async function lockKey(task: StageTask, member: Member, { store, signal, tell }: TaskDeps) {
  const holders: string[] = [];
  const lock = await store.lock(task.key, signal, (holder) => {
    holders.push(holder);
    member.away();
    tell({ type: 'waiting', holder });
  });
  if (!holders.length) return lock;
  member.back();
  tell({ type: 'acquired' });
  return lock;
}

async function make({ task, member }: CohortTask, deps: TaskDeps): Promise<StageResult> {
  const { store, kinds } = deps;
  const kind = kinds[task.kind];
  if (!kind) throw new Error(`no stage kind is called ${task.kind}`);
  mkdirSync(task.folder, { recursive: true });
  const draft = await store.draft(task.key);
  try {
    await draft.fence();
    const result = await fill({ task, member, kind, draft }, deps);
    if (result.status === 'finished' && keepsCheckpoints(kind)) {
      await keepEnd(task, kind, deps);
      await store.clearScratch(task.key);
    }
    return result;
  } catch (error) {
    await draft.discard();
    throw error;
  }
}

const keepsCheckpoints = ({ checkpoints = true }: StageKind) => checkpoints;

/** A task among those that run beside it. */
interface CohortTask {
  readonly task: WorkerTask;
  readonly member: Member;
}

/** A task on its way to a result. */
interface PreparedTask extends CohortTask {
  readonly kind: StageKind;
  readonly draft: Draft;
}

async function fill(prepared: PreparedTask, deps: TaskDeps): Promise<StageResult> {
  const { task, kind, draft } = prepared;
  const context = await contextOf(prepared, deps);
  guardLog(context.log, task);
  const { run } = await kind.load();
  await refuseDamaged(task, deps.store);
  const before = statesOf(task, deps.store);
  const started = Date.now();
  // The others need not wait until the result is written.
  let outcome: StageOutcome;
  try {
    outcome = await run(context);
  } catch (error) {
    // A queue may end a program of the stage before the stage itself.
    throw isCalledOff(task) ? new StageInterrupted() : error;
  } finally {
    await prepared.member.leave();
    clearLog(context.log, task);
  }
  if (deps.signal.aborted || isCalledOff(task)) throw new StageInterrupted();
  const seconds = (Date.now() - started) / 1e3;
  const manifest = manifestOf(task, kind, outcome, { started, seconds });
  const changed = await changesIn(task, deps.store, before);
  if (changed.length) {
    await draft.taint(manifest, changed);
    return { status: 'tainted', key: task.key, changed };
  }
  deps.tell({ type: 'committing' });
  return finish(await draft.commit(manifest), manifest, false);
}

const isCalledOff = ({ callOff }: StageTask): boolean => callOff !== undefined && existsSync(callOff);

async function contextOf({ task, member, kind, draft }: PreparedTask, deps: TaskDeps): Promise<StageContext> {
  const { store, signal, tell } = deps;
  const beginning = await findBeginning(task, kind, deps);
  const rows = join(task.folder, 'metrics.ndjson');
  return {
    cell: task.cell,
    params: task.params,
    inputs: task.inputs,
    sources: task.sources,
    run: task.run,
    threads: task.threads,
    gpus: task.gpus,
    signal,
    cohort: member,
    out: draft.path,
    ...(beginning && { beginning }),
    scratch: keepsCheckpoints(kind) ? await store.scratch(task.key) : '',
    log: logOf(task),
    tell: (message) => {
      // Rows of the training log are in the run's folder even where the runner has died.
      if (message.type === 'metric')
        appendFileSync(rows, `${JSON.stringify(redactor(task.secrets).json(message.row))}\n`);
      tell(message);
    },
  };
}

function manifestOf(
  task: StageTask,
  kind: StageKind,
  outcome: StageOutcome,
  time: { readonly started: number; readonly seconds: number },
): DraftManifest {
  const redact = redactor(task.secrets);
  return {
    key: task.key,
    cell: task.cell,
    kind: kind.name,
    resultVersion: task.resultVersion,
    params: redact.json(task.params),
    sources: task.sources,
    commit: task.commit,
    run: task.run,
    attempt: task.attempt,
    ...time,
    inputs: task.inputs.map(({ path: _, ...input }) => input),
    outputs: kind.outputs(task.params),
    ...(outcome.standsFor && { standsFor: outcome.standsFor }),
    metrics: redact.json(outcome.metrics),
    environment: outcome.environment ?? {},
    versions: { kdpipe: kdpipeVersion(), node: process.versions.node },
    host: hostname(),
    tail: lastLines(logOf(task)),
  };
}

function finish(
  entry: Entry,
  { metrics, seconds }: Pick<DraftManifest, 'metrics' | 'seconds'>,
  reused: boolean,
): StageResult {
  const outputs: Record<string, string> = {};
  for (const [name, output] of Object.entries(entry.outputs)) outputs[name] = output.digest;
  return { status: 'finished', key: entry.key, outputs, metrics, seconds, reused };
}

/** Says what went wrong; of a bug, the stage's log keeps the stack. */
function report(error: unknown, task: StageTask): Failure {
  const failure = failureOf(error);
  if (failure.code === 'internal-error' && error instanceof Error) keepStack(error, task);
  return failure;
}

function keepStack(error: Error, task: StageTask): void {
  try {
    mkdirSync(task.folder, { recursive: true });
    appendFileSync(logOf(task), `${error.stack ?? error.message}\n`);
  } catch {
    // A disk that takes no log must not hide the bug.
  }
}
