import type { EventBody } from '../../core/event.ts';
import type { CellId, Key } from '../../core/plan.ts';
import { endsCell } from '../../core/run-state.ts';
import { redactor } from '../../core/secrets.ts';
import type { CellEnd } from '../../record/arrays.ts';
import { openEventLog } from '../../record/event-log.ts';
import { memoryKills } from '../../util/memory-kills.ts';
import { CellNotes } from './cell-notes.ts';

/** What a task tells while it runs, and how its cells ended. */
export class TaskLog {
  readonly #sink;
  readonly #redact;
  readonly #kills = memoryKills();
  readonly #notes = new Map<CellId, CellNotes>();
  readonly ends = new Map<CellId, CellEnd['event']>();

  /**
   * @param file - of {@link taskFiles}
   * @param secrets - what must not be written
   */
  constructor(file: string, secrets: readonly string[] | undefined) {
    this.#sink = openEventLog(file, secrets ? 0o600 : 0o666);
    this.#redact = redactor(secrets);
  }

  /** Takes what happens. */
  readonly emit = (body: EventBody): void => {
    const event = this.#redact.json({ ...this.#explain(body), at: Date.now() });
    this.#sink.sink(event);
    if (!('cell' in event)) return;
    this.#notesOf(event.cell).note(event);
    if (endsCell(event)) this.ends.set(event.cell, event);
  };

  #notesOf(cell: CellId): CellNotes {
    const notes = this.#notes.get(cell) ?? new CellNotes();
    this.#notes.set(cell, notes);
    return notes;
  }

  /** Key of what a cell makes; null where it has not begun. */
  keyOf(cell: CellId): Key | null {
    return this.#notes.get(cell)?.key ?? null;
  }

  /** Whether a cell waits for another run that makes the same. */
  get isWaiting(): boolean {
    return [...this.#notes.values()].some(({ isWaiting }) => isWaiting);
  }

  /** Keys of what cells make that have got further than where they began. */
  get advanced(): readonly Key[] {
    return [...this.#notes.values()].flatMap(({ key, hasAdvanced }) => (hasAdvanced && key !== undefined ? key : []));
  }

  /** Says that memory was not enough, where the system has ended a process because of that. */
  #explain(body: EventBody): EventBody {
    if (body.type !== 'stage-failed' || memoryKills() === this.#kills) return body;
    const { failure } = body;
    const message = `${failure.message}: the memory of the job was used up`;
    const fix = 'ask for more: resources: { memory: … } in MiB, or take a smaller batch_size';
    return { ...body, failure: { ...failure, code: 'out-of-memory', message, fix } };
  }

  /** Writes the rest. */
  close(): void {
    this.#sink.close();
  }
}
