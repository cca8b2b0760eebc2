/**
 * A worker process: takes tasks from its runner over IPC until the runner closes the channel or dies. Then it lets its
 * tasks save what they have, and exits.
 */
import type { CellId } from '../core/plan.ts';
import type { WorkerTask } from '../core/task.ts';
import { kinds } from '../stages/registry.ts';
import { openStore } from '../store/local.ts';
import type { Store } from '../store/store.ts';
import { limitThreads } from '../util/threads.ts';
import { onRisk } from '../util/risk.ts';
import { executeTask } from './execute.ts';
import { failureOf } from './failure-of.ts';
import { CohortBarriers } from './cohort-barrier.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

/** How long a task may take to stop once the runner is gone; more than a command's grace. Milliseconds. */
const farewell = 30_000;

const stores = new Map<string, Store>();
const tasks = new Map<CellId, AbortController>();
const barriers = new CohortBarriers();
let leaving = false;

/** Tells the runner something. `sent` is called when that is done, or when nobody listens: the result stands in the store. */
function send(message: FromWorker, sent: () => void = () => undefined): void {
  // A runner that was killed a moment ago still counts as connected. Without a callback Node throws the error of such a
  // message, and the worker would die before its tasks have saved what they have and removed their drafts.
  if (process.connected) process.send?.(message, undefined, undefined, () => sent());
  else sent();
}

function storeAt(root: string): Store {
  const store = stores.get(root) ?? openStore(root);
  stores.set(root, store);
  return store;
}

async function perform(task: WorkerTask): Promise<void> {
  const { cell } = task;
  limitThreads(task.threads);
  const stop = new AbortController();
  tasks.set(cell, stop);
  const result = await executeTask(task, {
    store: storeAt(task.store),
    kinds,
    barriers,
    signal: stop.signal,
    tell: (message) => send({ type: 'message', cell, message }),
  }).catch((error: unknown) => ({ status: 'failed', failure: failureOf(error), tail: [] }) as const);
  tasks.delete(cell);
  send({ type: 'result', cell, result }, () => {
    if (leaving && !tasks.size) process.exit();
  });
}

function leave(): void {
  leaving = true;
  if (!tasks.size) process.exit();
  for (const stop of tasks.values()) stop.abort();
  setTimeout(() => process.exit(1), farewell).unref();
}

onRisk((risk) => send({ type: 'risk', risk }));
process.on('message', (message: ToWorker) => {
  if (message.type === 'interrupt') tasks.get(message.cell)?.abort();
  else if (message.type === 'threads') limitThreads(message.threads);
  else void perform(message.task);
});
process.on('disconnect', leave);
process.on('SIGTERM', leave);
// Ctrl-C is the runner's to judge; it tells its workers.
process.on('SIGINT', () => undefined);
