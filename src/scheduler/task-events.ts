import type { EventBody } from '../core/event.ts';
import type { StageTask, TaskMessage } from '../core/task.ts';

/**
 * The event that a task's message is to the rest of the world.
 *
 * @param task - the task
 * @param message - what it tells
 * @returns the event; undefined for what concerns scheduler and executor alone
 */
export function eventOf(task: StageTask, message: TaskMessage): EventBody | undefined {
  const { cell, key } = task;
  switch (message.type) {
    case 'progress': {
      const { type: _, ...progress } = message;
      return { type: 'stage-progress', cell, progress };
    }
    case 'warning':
      return { type: 'stage-warned', cell, message: message.message };
    case 'waiting':
      return { type: 'stage-waiting', cell, key, holder: message.holder };
    case 'metric':
      return { type: 'stage-metric', cell, row: message.row };
    case 'queued':
      return { type: 'stage-waiting', cell, key, holder: message.queue, handle: message.handle };
    case 'acquired':
      return { type: 'stage-acquired', cell };
    default:
      return undefined;
  }
}
