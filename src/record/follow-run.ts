import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Event } from '../core/event.ts';
import { eventIn } from './event-form.ts';

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
  let [start, rest, ended] = [0, '', false];
  const look = async (): Promise<void> => {
    const pieces = createReadStream(join(folder, 'events.ndjson'), { start, encoding: 'utf8' });
    for await (const piece of pieces) {
      const lines = `${rest}${String(piece)}`.split('\n');
      rest = lines.pop() ?? '';
      for (const event of lines.flatMap((line) => eventIn(line) ?? [])) {
        onEvent(event);
        ended = event.type === 'run-finished';
      }
    }
    start += pieces.bytesRead;
  };
  while (!signal.aborted) {
    // Asked before the last look: what it wrote until then is read.
    const wasAlive = lives();
    await look();
    if (ended) return 'ended';
    if (!wasAlive) return 'silent';
    await setTimeout(glance, undefined, { signal }).catch(() => undefined);
  }
  return 'left';
}
