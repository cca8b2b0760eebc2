import type { Event } from '../core/event.ts';
import { isJsonObject } from '../core/json.ts';
import { isFailureForm, isNumber, isText, isTextOrNull, listOf, type Test } from '../core/shape.ts';

/** What a part of an event has, by name. */
type Form = Readonly<Record<string, Test>>;

const texts = listOf(isText);
const runner: Test = (value) =>
  isJsonObject(value) && isNumber(value['pid']) && ['start', 'host', 'namespace'].every((name) => isText(value[name]));
const outlook: Test = (value) =>
  isJsonObject(value) &&
  isText(value['stage']) &&
  isText(value['kind']) &&
  isNumber(value['cells']) &&
  texts(value['needs']);
const submitted: Test = (value) =>
  isJsonObject(value) && isText(value['job']) && isText(value['array']) && isNumber(value['tasks']);
const optional =
  (test: Test): Test =>
  (value) =>
    value === undefined || test(value);

const cell = { cell: isText };
const keyed = { ...cell, key: isText };
const counts = { ran: isNumber, reused: isNumber, failed: isNumber, skipped: isNumber, stopped: optional(isNumber) };

/** What each event has beside its type and moment. */
const forms: Readonly<Record<Event['type'], Form>> = {
  'run-started': {
    ...{ run: isText, pipeline: isText, file: isText, cells: isNumber, slots: isNumber, format: optional(isNumber) },
    ...{ process: optional(runner), stages: optional(listOf(outlook)) },
  },
  'run-resumed': { process: runner, command: isText },
  'run-submitted': { cluster: isText, jobs: listOf(submitted) },
  'stage-reused': keyed,
  'stage-waiting': { ...keyed, holder: isText, handle: optional(isText) },
  'stage-acquired': cell,
  'stage-started': {
    ...keyed,
    attempt: isNumber,
    reason: isText,
    beside: optional(isNumber),
    cohort: optional(isText),
  },
  'stage-progress': { ...cell, progress: isJsonObject },
  'stage-metric': { ...cell, row: isJsonObject },
  'stage-warned': { ...cell, message: isText },
  'stage-retrying': { ...cell, attempt: isNumber, delay: isNumber, failure: isFailureForm },
  'stage-finished': { ...keyed, seconds: isNumber, metrics: isJsonObject },
  'stage-tainted': { ...keyed, changed: texts },
  'stage-failed': { ...cell, key: isTextOrNull, failure: isFailureForm, tail: texts },
  'stage-skipped': { ...cell, because: isTextOrNull },
  'stage-stopped': { ...cell, reason: isText },
  'stage-interrupted': cell,
  'run-finished': { status: isText, seconds: isNumber, ...counts },
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

/**
 * Reads a line of a record.
 *
 * @param line - without its end
 * @returns its event; none where the line is empty, torn or damaged, or a later version wrote it
 */
export function eventIn(line: string): Event | undefined {
  if (line === '') return undefined;
  try {
    const event: unknown = JSON.parse(line);
    return isEvent(event) ? event : undefined;
  } catch {
    return undefined;
  }
}
