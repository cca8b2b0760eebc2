import { expect, it } from 'vitest';
import type { EventBody } from '../../../src/core/event.ts';
import { CellNotes } from '../../../src/scheduler/cluster/cell-notes.ts';

const started = (attempt = 1): EventBody => ({ type: 'stage-started', cell: 'a', key: 'k', attempt, reason: '' });
const at = (done: number): EventBody => ({
  type: 'stage-progress',
  cell: 'a',
  progress: { done, total: 9, unit: 'epochs' },
});
const row: EventBody = { type: 'stage-metric', cell: 'a', row: {} };
const interrupted: EventBody = { type: 'stage-interrupted', cell: 'a' };

it.each<readonly [string, readonly EventBody[], boolean]>([
  ['that has finished an epoch', [started(), row], true],
  ['that was told to stop on its way', [started(), at(3.1), at(3.2), interrupted], true],
  ['that was ended on its way', [started(), at(3.1), at(3.2)], false],
  ['that was told to stop where it began', [started(), at(3.1), interrupted], false],
  ['that was told to stop before it said anything', [started(), interrupted], false],
  ['that was started anew', [started(), row, started()], false],
  ['that tries again what has failed', [started(), row, started(2)], true],
])('a cell %s: has got further than where it began?', (_, events, expected) => {
  const notes = new CellNotes();
  for (const event of events) if ('cell' in event) notes.note({ ...event, at: 0 });
  expect(notes.hasAdvanced).toBe(expected);
  expect(notes.key).toBe('k');
});

it('says whether a cell waits for another run', () => {
  const notes = new CellNotes();
  const note = (event: EventBody) => ('cell' in event ? notes.note({ ...event, at: 0 }) : undefined);
  note(started());
  note({ type: 'stage-waiting', cell: 'a', key: 'k', holder: 'process 1' });
  expect(notes.isWaiting).toBe(true);
  note({ type: 'stage-acquired', cell: 'a' });
  expect(notes.isWaiting).toBe(false);
});
