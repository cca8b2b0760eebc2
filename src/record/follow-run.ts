import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Event } from '../core/event.ts';
import { EventTail } from './event-tail.ts';

/** Pause between two looks at a record that grows; milliseconds. */
const glance = 250;

/** How events of a run are followed. */
export interface FollowOptions {
  /** Takes every event, from the first, in order. */
  readonly onEvent: (event: Event) => void;
  /** Whether the process of the run may still write. */
  readonly lives: () => boolean;
  /** Aborted to look no longer. */
  readonly signal: AbortSignal;
}

/**
 * Follows the record of a run until it ends, however often it is looked at meanwhile.
 *
 * @param folder - path of the run's folder
 * @param options - who takes the events
 * @returns `ended` after its last event; `silent` where its process is gone without one; `left` where the signal was aborted
 */
export async function followRun(folder: string, options: FollowOptions): Promise<'ended' | 'silent' | 'left'> {
  const { onEvent, lives, signal } = options;
  const tail = new EventTail(join(folder, 'events.ndjson'));
  const end = { isThere: false };
  while (!signal.aborted) {
    // Asked before the last look: what it wrote until then is read.
    const wasAlive = lives();
    tail.read((event) => {
      onEvent(event);
      end.isThere = event.type === 'run-finished';
    });
    if (end.isThere) return 'ended';
    if (!wasAlive) return 'silent';
    await setTimeout(glance, undefined, { signal }).catch(() => undefined);
  }
  return 'left';
}
