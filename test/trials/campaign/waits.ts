import type { Event } from '../../../src/core/event.ts';

/**
 * How long stages waited for the holders of their locks.
 *
 * @param events - of a run
 * @returns milliseconds, each wait by itself
 */
export function waits(events: readonly Event[]): readonly number[] {
  const since = new Map<string, number>();
  const all: number[] = [];
  for (const event of events) {
    if (event.type === 'stage-waiting') since.set(event.cell, event.at);
    const start = 'cell' in event && event.type !== 'stage-waiting' ? since.get(event.cell) : undefined;
    if (start === undefined || !('cell' in event)) continue;
    all.push(event.at - start);
    since.delete(event.cell);
  }
  return all;
}
