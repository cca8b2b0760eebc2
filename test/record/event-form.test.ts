import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { isEvent } from '../../src/record/event-form.ts';

const at = 1;
const failure = { code: 'c', message: 'm' };
const counts = { ran: 0, reused: 0, failed: 0, skipped: 0 };
/** One of each. */
const events: readonly Event[] = [
  { type: 'run-started', at, run: 'r', pipeline: 'p', file: 'f', cells: 1, slots: 1, command: 'c', commit: null },
  { type: 'stage-reused', at, cell: 'a', key: 'k' },
  { type: 'stage-waiting', at, cell: 'a', key: 'k', holder: 'h' },
  { type: 'stage-acquired', at, cell: 'a' },
  { type: 'stage-started', at, cell: 'a', key: 'k', attempt: 1, reason: 'r' },
  { type: 'stage-progress', at, cell: 'a', progress: { done: 1, total: 2, unit: 'u' } },
  { type: 'stage-metric', at, cell: 'a', row: {} },
  { type: 'stage-warned', at, cell: 'a', message: 'm' },
  { type: 'stage-retrying', at, cell: 'a', attempt: 2, delay: 1, failure },
  { type: 'stage-finished', at, cell: 'a', key: 'k', seconds: 1, metrics: {} },
  { type: 'stage-tainted', at, cell: 'a', key: 'k', changed: ['x'] },
  { type: 'stage-failed', at, cell: 'a', key: null, failure, tail: [] },
  { type: 'stage-skipped', at, cell: 'a', because: null },
  { type: 'stage-interrupted', at, cell: 'a' },
  { type: 'run-finished', at, status: 'done', seconds: 1, ...counts },
];

describe('isEvent', () => {
  it.each(events.map((event) => [event.type, event] as const))('takes %s whole', (_, event) => {
    expect(isEvent(event)).toBe(true);
  });

  it.each(events.map((event) => [event.type, event] as const))('refuses %s where a member is missing', (_, event) => {
    // What no reader asks for.
    const members = Object.keys(event).filter((name) => name !== 'command' && name !== 'commit');
    for (const missing of members)
      expect([
        missing,
        isEvent(Object.fromEntries(Object.entries(event).filter(([name]) => name !== missing))),
      ]).toEqual([missing, false]);
  });

  it.each([null, 7, [], 'x', {}, { type: 'another', at }, { type: 'constructor', at }])('refuses %j', (value) => {
    expect(isEvent(value)).toBe(false);
  });
});
