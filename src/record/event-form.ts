import type { Event } from '../core/event.ts';
import { isJsonObject, isList } from '../core/json.ts';

/** Tells whether a member of an event is of the kind that readers count on. */
type Test = (value: unknown) => boolean;
type Form = Readonly<Record<string, Test>>;

const text: Test = (value) => typeof value === 'string';
const number: Test = (value) => typeof value === 'number';
const object: Test = isJsonObject;
const texts: Test = (value) => isList(value) && value.every(text);
const textOrNull: Test = (value) => value === null || text(value);
const failure: Test = (value) => isJsonObject(value) && text(value['code']) && text(value['message']);
const runner: Test = (value) =>
  isJsonObject(value) && number(value['pid']) && ['start', 'host', 'namespace'].every((name) => text(value[name]));
const outlook: Test = (value) =>
  isJsonObject(value) && text(value['stage']) && text(value['kind']) && number(value['cells']) && texts(value['needs']);
const optional =
  (test: Test): Test =>
  (value) =>
    value === undefined || test(value);

const cell = { cell: text };
const keyed = { ...cell, key: text };
const counts = { ran: number, reused: number, failed: number, skipped: number };

/** What each event has beside its type and moment. */
const forms: Readonly<Record<Event['type'], Form>> = {
  'run-started': {
    ...{ run: text, pipeline: text, file: text, cells: number, slots: number, format: optional(number) },
    ...{ process: optional(runner), stages: optional((value) => isList(value) && value.every(outlook)) },
  },
  'stage-reused': keyed,
  'stage-waiting': { ...keyed, holder: text, handle: optional(text) },
  'stage-acquired': cell,
  'stage-started': { ...keyed, attempt: number, reason: text, beside: optional(number), cohort: optional(text) },
  'stage-progress': { ...cell, progress: object },
  'stage-metric': { ...cell, row: object },
  'stage-warned': { ...cell, message: text },
  'stage-retrying': { ...cell, attempt: number, delay: number, failure },
  'stage-finished': { ...keyed, seconds: number, metrics: object },
  'stage-tainted': { ...keyed, changed: texts },
  'stage-failed': { ...cell, key: textOrNull, failure, tail: texts },
  'stage-skipped': { ...cell, because: textOrNull },
  'stage-interrupted': cell,
  'run-finished': { status: text, seconds: number, ...counts },
};

/**
 * Tells an event from what a record may hold beside: a line that was damaged, or that a later version wrote.
 *
 * @param value - of a line
 * @returns true where all is there that readers of events count on
 */
export function isEvent(value: unknown): value is Event {
  if (!isJsonObject(value)) return false;
  const { type, at } = value;
  if (typeof type !== 'string' || typeof at !== 'number' || !Object.hasOwn(forms, type)) return false;
  return Object.entries(forms[type as Event['type']]).every(([name, test]) => test(value[name]));
}
