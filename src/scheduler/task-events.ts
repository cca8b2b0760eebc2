import type { EventBody } from '../core/event.ts';
import type { Cell } from '../core/plan.ts';
import type { StageTask, TaskMessage } from '../core/task.ts';
import type { Claim } from './slots.ts';

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
    default:
      return undefined;
  }
}

/**
 * Warns of a cell that gets fewer GPUs than it asks for, because the machine has no more.
 *
 * @param cell - the cell
 * @param claim - what it got
 * @returns the warning; undefined when it got all
 */
export function gpuWarning(cell: Cell, claim: Claim): EventBody | undefined {
  const { id, resources } = cell;
  if (claim.gpus.length >= resources.gpu) return undefined;
  const asked = `${resources.gpu} GPU${resources.gpu === 1 ? '' : 's'}`;
  return {
    type: 'stage-warned',
    cell: id,
    message: `asks for ${asked}, but this machine has ${claim.gpus.length || 'none'}`,
  };
}
