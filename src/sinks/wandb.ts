import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { growFile } from '../util/grow-file.ts';
import { namesIfReadable } from '../util/if-readable.ts';
import { kdpipeVersion } from '../util/package-root.ts';
import { Message } from '../util/protobuf.ts';
import type { OpenSink, SinkOptions, TrackedCell, TrackedRow } from './sink.ts';
import { TransactionLog } from './wandb-log.ts';

/** Exit codes of the programs that W&B thinks runs are; one that was interrupted has that of Ctrl-C. */
const EXIT = { finished: 0, failed: 1, interrupted: 255 } as const;

/** What the newest form of the records needs of their reader, as `wandb` itself writes it. */
const MIN_CONSUMER = '0.70.0';

/** Where a run goes to. */
interface Destination {
  readonly project: string;
  /** Whoever syncs, where it is not said. */
  readonly entity?: string | undefined;
}

/** What W&B calls a run: unique in its project, and at most 64 characters. */
const idOf = ({ key }: TrackedCell): string => key.slice(0, 16);

/** Items of history and summary: a name and its value as JSON. */
function items(into: Message, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values))
    into.message(1, (item) => item.text(2, name).text(16, JSON.stringify(value)));
}

function runRecord(run: Message, cell: TrackedCell, { project, entity }: Destination): void {
  const { group, stage, startedAt, params, tags, cell: name } = cell;
  run.text(1, idOf(cell));
  if (entity !== undefined) run.text(2, entity);
  run.text(3, project).message(4, (config) => {
    for (const [key, value] of Object.entries({ ...params, kdpipe: tags }))
      config.message(1, (item) => item.text(1, key).text(16, JSON.stringify(value)));
  });
  run.text(6, group).text(7, stage).text(8, name).text(10, 'kdpipe');
  run.message(17, (start) => start.int(1, Math.floor(startedAt / 1000)).int(2, (startedAt % 1000) * 1_000_000));
}

/** What W&B keeps of each step beside its numbers; seconds. */
const withTime = ({ step, at, values }: TrackedRow, startedAt: number): Readonly<Record<string, number>> => ({
  ...values,
  _timestamp: at / 1000,
  _runtime: (at - startedAt) / 1000,
  _step: step,
});

/**
 * The content of a run's transaction log. Of a result that goes on it is the beginning of what it will be.
 *
 * @param cell - the result
 * @param destination - project and entity
 * @returns bytes of a `.wandb` file
 */
export function transactionLog(cell: TrackedCell, destination: Destination): Uint8Array {
  const { startedAt, rows, end } = cell;
  const log = new TransactionLog();
  let number = 0;
  const record = (field: number, fill: (into: Message) => unknown): void =>
    log.append(new Message().int(1, ++number).message(field, fill).done());
  record(21, (header) =>
    header.message(1, (version) => version.text(1, `kdpipe ${kdpipeVersion()}`).text(2, MIN_CONSUMER)),
  );
  record(17, (run) => runRecord(run, cell, destination));
  for (const row of rows)
    record(2, (history) => {
      items(history, withTime(row, startedAt));
      history.message(2, (step) => step.int(1, row.step));
    });
  if (end) {
    const last = Object.assign({}, ...rows.map((row) => withTime(row, startedAt))) as Record<string, number>;
    record(3, (summary) => items(summary, { ...last, ...end.metrics }));
    record(18, (exit) => exit.int(1, EXIT[end.state]).int(2, Math.round((end.at - startedAt) / 1000)));
  }
  return log.done();
}

/** `20260201_130405`, in UTC. */
const stamp = (at: number): string => new Date(at).toISOString().replaceAll(/[-:]/g, '').replace('T', '_').slice(0, 15);

/** The folder of a run: that in which it is already, as a training that goes on began earlier. */
function folderOf(runs: string, cell: TrackedCell): string {
  const ending = `-${idOf(cell)}`;
  const names = namesIfReadable(runs).filter((name) => name.startsWith('offline-run-') && name.endsWith(ending));
  return join(runs, names.sort()[0] ?? `offline-run-${stamp(cell.startedAt)}${ending}`);
}

/**
 * Opens a folder of offline runs, which `wandb sync` sends.
 *
 * @param options - settings, environment and working folder
 * @returns the sink
 */
export function open(options: SinkOptions): OpenSink {
  const { settings, environment, root } = options;
  const runs = resolve(root, settings['folder'] ?? environment['WANDB_DIR'] ?? '.', 'wandb');
  return {
    target: runs,
    write: (cell) => {
      const project = settings['project'] ?? environment['WANDB_PROJECT'] ?? cell.pipeline;
      const entity = settings['entity'] ?? environment['WANDB_ENTITY'];
      const file = join(folderOf(runs, cell), `run-${idOf(cell)}.wandb`);
      // What has grown after it was sent is sent again, to the same run.
      if (growFile(file, transactionLog(cell, { project, entity }))) rmSync(`${file}.synced`, { force: true });
      return Promise.resolve();
    },
  };
}
