import type { Event } from '../core/event.ts';
import { fail, type Failure } from '../core/failure.ts';
import { ownValue } from '../core/own.ts';
import type { CellId, Plan, SinkPlan } from '../core/plan.ts';
import { redactor } from '../core/secrets.ts';
import { expectedFailures } from '../core/system-failure.ts';
import { sinks } from '../sinks/registry.ts';
import type { OpenSink, Sink, TrackedCell } from '../sinks/sink.ts';
import { CellTracker } from './cell-tracker.ts';
import type { Project } from './project.ts';

/** News of a run is told this long after it came, all at once; milliseconds. */
const pause = 5000;

/** A tool that results go to, and what it has not been told yet. */
interface Receiver {
  readonly name: string;
  readonly sink: OpenSink;
  readonly pending: Map<CellId, TrackedCell>;
  /** Cells that it was told of. */
  readonly told: Set<CellId>;
  /** Why it was told no more the last time. */
  failure?: Failure | undefined;
}

/** What a tool was told. */
export interface Synced {
  readonly name: string;
  /** Where it went to: a folder, an address. */
  readonly target: string;
  readonly cells: number;
  /** Why it was not told all. */
  readonly failure?: Failure;
}

/** What is wrong, whatever was thrown: no run ends for a tool that is told of it. */
const failureOf = (name: string, error: unknown): Failure =>
  expectedFailures(error)?.[0] ?? { code: 'sink-failed', message: `${name}: ${String(error)}` };

/** A pipeline that a later version has recorded may name others. */
const unknownSink = (name: string): never =>
  fail({ code: 'unknown-sink', message: `there is no sink ${name}`, expected: Object.keys(sinks).join(', ') });

/** Tells tools of the results of a run, event by event. */
export class RunSync {
  /** Why tools are not told at all: their settings cannot be used. */
  readonly failures: readonly Failure[];
  readonly #tracker: CellTracker;
  readonly #receivers: readonly Receiver[];
  readonly #plan: Plan;
  #timer: NodeJS.Timeout | undefined;
  #telling: Promise<void> = Promise.resolve();

  private constructor(tracker: CellTracker, receivers: readonly Receiver[], plan: Plan, failures: readonly Failure[]) {
    this.#tracker = tracker;
    this.#receivers = receivers;
    this.#plan = plan;
    this.failures = failures;
  }

  /**
   * Opens tools for the results of a run.
   *
   * @param project - the workspace
   * @param plan - of the run
   * @param wanted - which tools, with their settings
   * @returns what takes the events of the run
   */
  static async open(project: Project, plan: Plan, wanted: readonly SinkPlan[]): Promise<RunSync> {
    const receivers: Receiver[] = [];
    const failures: Failure[] = [];
    for (const { uses: name, with: settings } of wanted) {
      try {
        const { open } = (await ownValue<Sink>(sinks, name)?.load()) ?? unknownSink(name);
        const sink = open({ settings, environment: process.env, root: project.root });
        receivers.push({ name, sink, pending: new Map(), told: new Set() });
      } catch (error) {
        failures.push(failureOf(name, error));
      }
    }
    return new RunSync(new CellTracker(project, plan), receivers, plan, failures);
  }

  /** Takes the next event; it is told a little later. */
  readonly take = (event: Event): void => {
    this.#tracker.take(event);
    this.#timer ??= setTimeout(() => void this.#tell(), pause).unref();
  };

  /**
   * Tells what is left.
   *
   * @returns what each tool was told
   */
  async close(): Promise<readonly Synced[]> {
    await this.#tell();
    clearTimeout(this.#timer);
    const redact = redactor(this.#plan.secrets);
    return this.#receivers.map(({ name, sink, told, failure }) => ({
      ...{ name, target: sink.target, cells: told.size },
      ...(failure && { failure: redact.json(failure) }),
    }));
  }

  /** One at a time. */
  #tell(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#telling = this.#telling.then(async () => {
      try {
        const news = this.#tracker.changed();
        await Promise.all(this.#receivers.map((receiver) => tellReceiver(receiver, news)));
      } catch (error) {
        // Whatever it is: the run goes on.
        for (const receiver of this.#receivers) receiver.failure = failureOf(receiver.name, error);
      }
    });
    return this.#telling;
  }
}

/** What a tool does not take stays for the next time. */
async function tellReceiver(receiver: Receiver, news: readonly TrackedCell[]): Promise<void> {
  const { name, sink, pending, told } = receiver;
  for (const cell of news) pending.set(cell.cell, cell);
  receiver.failure = undefined;
  try {
    for (const [id, cell] of pending) {
      await sink.write(cell);
      pending.delete(id);
      told.add(id);
    }
  } catch (error) {
    receiver.failure = failureOf(name, error);
  }
}
