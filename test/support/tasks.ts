import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../src/core/json.ts';
import type { StageTask, TaskMessage, WorkerTask } from '../../src/core/task.ts';
import type { Executor, RunningTask } from '../../src/executors/executor.ts';
import { sha256 } from '../../src/fingerprint/digest.ts';
import { openStore } from '../../src/store/local.ts';
import type { Store } from '../../src/store/store.ts';

/** A folder with a store and a run's folder, and tasks in it. */
export class Workbench {
  readonly folder = mkdtempSync(join(tmpdir(), 'kdpipe-bench-'));
  readonly store: Store = openStore(join(this.folder, '.store'));

  /** A task of a command stage; its key is made of cell and line. */
  command(cell: string, shell: string, overrides: Partial<WorkerTask> & { params?: JsonObject } = {}): WorkerTask {
    const params = { shell, inputs: {}, outputs: { out: '.' }, env: {}, cwd: '.', seed: 0, ...overrides.params };
    return this.task(cell, { kind: 'command', ...overrides, params });
  }

  task(cell: string, overrides: Partial<WorkerTask>): WorkerTask {
    return {
      ...{ cell, kind: 'fake', resultVersion: 1, params: {}, inputs: [], sources: [], run: 'run-1', attempt: 1 },
      ...{ timeout: 0, threads: 1, gpus: [], commit: null, force: false, cohort: [] },
      resources: { cpu: 1, gpu: 0, memory: 0 },
      key: sha256(`${cell} ${JSON.stringify(overrides.params)}`),
      store: this.store.root,
      folder: join(this.folder, 'stages', cell),
      ...overrides,
    };
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  write(name: string, text: string): string {
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Starts one task, by itself. */
export function startTask(
  executor: Executor,
  task: StageTask,
  tell: (message: TaskMessage) => void = () => undefined,
): RunningTask {
  const [running] = executor.start([task], { waiting: 0, tell: (_cell, message) => tell(message) });
  if (!running) throw new Error('the executor took no task');
  return running;
}

/** True while a process lives; one that is dead but not yet buried by init does not. */
export function lives(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
