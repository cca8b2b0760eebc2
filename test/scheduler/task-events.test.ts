import { describe, expect, it } from 'vitest';
import type { StageTask } from '../../src/core/task.ts';
import { eventOf } from '../../src/scheduler/task-events.ts';

const task = { cell: 'a', key: 'k' } as StageTask;

describe('the event of a message', () => {
  it('holds progress without the message’s own type', () => {
    const progress = { done: 1, total: 2, unit: 'epochs', imagesPerSecond: 3, loss: 0.5, eta: 7 };
    expect(eventOf(task, { type: 'progress', ...progress })).toEqual({ type: 'stage-progress', cell: 'a', progress });
  });

  it('names the holder of a lock and the key that it holds', () => {
    expect(eventOf(task, { type: 'waiting', holder: 'process 7' })).toEqual({
      ...{ type: 'stage-waiting', cell: 'a', key: 'k', holder: 'process 7' },
    });
  });

  it('is a row of the training log as it is', () => {
    const row = { epoch: 3, loss: 0.5 };
    expect(eventOf(task, { type: 'metric', row })).toEqual({ type: 'stage-metric', cell: 'a', row });
  });

  it('says where a task stands in a queue, and when it has left it', () => {
    expect(eventOf(task, { type: 'queued', handle: '17', queue: 'job 17' })).toEqual({
      ...{ type: 'stage-waiting', cell: 'a', key: 'k', holder: 'job 17', handle: '17' },
    });
    expect(eventOf(task, { type: 'acquired' })).toEqual({ type: 'stage-acquired', cell: 'a' });
  });

  it.each([{ type: 'committing' } as const, { type: 'group', leader: 7 } as const])('is none for $type', (message) => {
    expect(eventOf(task, message)).toBeUndefined();
  });
});
