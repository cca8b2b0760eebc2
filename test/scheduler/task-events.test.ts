import { describe, expect, it } from 'vitest';
import type { StageTask } from '../../src/core/task.ts';
import { eventOf, gpuWarning } from '../../src/scheduler/task-events.ts';
import { cell } from './fakes.ts';

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

  it.each([
    { type: 'acquired' } as const,
    { type: 'committing' } as const,
    { type: 'group', leader: 7 } as const,
    { type: 'metric', row: {} } as const,
  ])('is none for $type', (message) => {
    expect(eventOf(task, message)).toBeUndefined();
  });
});

describe('the warning about GPUs', () => {
  const asking = (gpu: number, gpus: readonly number[]) =>
    gpuWarning(cell('a', { resources: { gpu } }), { cpu: 1, gpus });

  it.each([
    [1, [], 'asks for 1 GPU, but this machine has none'],
    [4, [0, 1], 'asks for 4 GPUs, but this machine has 2'],
  ])('of %i asked and %j given', (gpu, gpus, message) => {
    expect(asking(gpu, gpus)).toEqual({ type: 'stage-warned', cell: 'a', message });
  });

  it('is none where the cell got what it asked for', () => {
    expect([asking(0, []), asking(2, [0, 1])]).toEqual([undefined, undefined]);
  });
});
