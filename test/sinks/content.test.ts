import { describe, expect, it } from 'vitest';
import { eventFile } from '../../src/sinks/tensorboard.ts';
import { transactionLog } from '../../src/sinks/wandb.ts';
import type { TrackedCell } from '../../src/sinks/sink.ts';

const whole: TrackedCell = {
  ...{ key: 'ab'.repeat(32), cell: 'student[seed=1]', stage: 'student', pipeline: 'p', group: 'student' },
  params: { lr: 0.1, model: 'convnet4', ema: false },
  tags: { run: 'r' },
  startedAt: 1_700_000_000_123,
  rows: [0, 1, 2].map((step) => ({ step, at: 1_700_000_001_000 + step, values: { loss: 1 / (step + 1) } })),
  end: { state: 'finished', at: 1_700_000_002_000, metrics: { 'test.accuracy': 0.5 } },
};

/** The cell as it was known while it ran, from its start on. */
const { end: _, ...running } = whole;
const stages = [0, 1, 2, 3].map((epochs): TrackedCell => ({ ...running, rows: whole.rows.slice(0, epochs) }));

describe.each([
  ['event files of TensorBoard', eventFile],
  ['logs of W&B', (cell: TrackedCell) => transactionLog(cell, { project: 'p' })],
])('%s', (_name, write) => {
  it('only grow while a cell goes on: who reads one sees what is new behind what it has read', () => {
    const contents = [...stages, whole].map((cell) => Buffer.from(write(cell)));
    for (const [at, content] of contents.entries()) {
      const next = contents[at + 1];
      if (next) expect(next.subarray(0, content.length).equals(content)).toBe(true);
    }
    expect(new Set(contents.map(({ length }) => length)).size).toBe(contents.length);
  });
});
