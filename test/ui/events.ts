import { PassThrough } from 'node:stream';
import type { Event, EventBody, Progress, StageOutlook } from '../../src/core/event.ts';
import { initialRun, runState, type RunState } from '../../src/core/run-state.ts';
import type { Output, ReporterOptions } from '../../src/ui/reporter.ts';

/** When the sample run starts; milliseconds since the Unix epoch. */
export const start = 1_700_000_000_000;

/** An event, so many seconds after the start. */
export const event = (seconds: number, body: EventBody): Event => ({ ...body, at: start + seconds * 1000 });

const key = '0'.repeat(64);

/** Short ways to say what happens. */
export const run = (cells: number, slots = 2, stages?: readonly StageOutlook[]): EventBody => ({
  type: 'run-started',
  run: 'r1',
  pipeline: 'cub',
  file: 'cub.yaml',
  cells,
  slots,
  command: 'kdpipe run cub.yaml',
  commit: null,
  ...(stages && { stages }),
});
export const started = (cell: string, attempt = 1): EventBody => ({
  type: 'stage-started',
  cell,
  key,
  attempt,
  reason: 'new',
});
/** A member of a cohort starts. */
export const startedIn = (first: string, size: number, cell: string): EventBody => ({
  type: 'stage-started',
  cell,
  key,
  attempt: 1,
  reason: 'new',
  beside: size - 1,
  cohort: first,
});
export const reused = (cell: string): EventBody => ({ type: 'stage-reused', cell, key });
export const progress = (cell: string, told: Partial<Progress> = {}): EventBody => ({
  type: 'stage-progress',
  cell,
  progress: { done: 6, total: 10, unit: 'epochs', ...told },
});
export const finished = (cell: string, seconds = 4.1): EventBody => ({
  type: 'stage-finished',
  cell,
  key,
  seconds,
  metrics: { train: { loss: 0.2 }, val: { accuracy: 0.93 } },
});
export const failed = (cell: string, message = 'the command exited with code 7'): EventBody => ({
  type: 'stage-failed',
  cell,
  key,
  failure: { code: 'command-failed', message },
  tail: ['epoch 1', 'sadly'],
});
export const ended = (status: 'done' | 'failed' | 'interrupted' = 'done', seconds = 80): EventBody => ({
  type: 'run-finished',
  status,
  seconds,
  ran: 0,
  reused: 0,
  failed: 0,
  skipped: 0,
});

/** The state after events that happen a second apart. */
export const stateAfter = (...bodies: readonly EventBody[]): RunState =>
  bodies.reduce((state, body, at) => runState(state, event(at, body)), initialRun);

/** A stream that keeps what is written to it. */
export function kept(terminal?: { columns: number; rows: number }): Output & { readonly text: () => string } {
  const chunks: string[] = [];
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  const size = terminal ? { isTTY: true, ...terminal } : {};
  return Object.assign<Output, { text: () => string }>(stream, { text: () => chunks.join(''), ...size });
}

/** Options of a reporter whose streams are kept. */
export function keptOptions(terminal?: { columns: number; rows: number }): ReporterOptions & {
  readonly out: ReturnType<typeof kept>;
  readonly err: ReturnType<typeof kept>;
} {
  return { out: kept(), err: kept(terminal), color: false, now: () => start + 5000 };
}
