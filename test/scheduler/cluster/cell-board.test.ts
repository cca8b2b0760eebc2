import { expect, it } from 'vitest';
import { CellBoard } from '../../../src/scheduler/cluster/cell-board.ts';
import { lostTask } from '../../../src/scheduler/cluster/lost-task.ts';
import { cell } from '../fakes.ts';

const board = () => new CellBoard([cell('a'), cell('b', { needs: ['a'] }), cell('c')], []);

it('says what a cell lacks, and how all have ended', () => {
  const cells = board();
  expect(cells.failedNeed('b')).toBeUndefined();
  cells.end('a', 'failed');
  cells.end('b', 'skipped');
  expect(cells.failedNeed('b')).toBe('a');
  expect(cells.hasFailed).toBe(true);
  expect(cells.outcome('left')).toMatchObject({ status: 'left', states: ['failed', 'skipped', 'waiting'] });
  cells.end('c', 'finished');
  expect(cells.outcome()).toMatchObject({ status: 'failed', ran: 1, reused: 0, failed: 1, skipped: 1 });
});

it('goes on from what another process has told', () => {
  const cells = new CellBoard(
    [cell('a'), cell('b')],
    [
      { type: 'stage-finished', cell: 'a', key: 'k', seconds: 1, metrics: {}, at: 5 },
      { type: 'stage-started', cell: 'b', key: 'l', attempt: 1, reason: '', at: 6 },
    ],
  );
  expect([cells.hasEnded('a'), cells.hasResult('a'), cells.hasEnded('b')]).toEqual([true, true, false]);
  const started = { type: 'stage-started', cell: 'b', key: 'l', attempt: 1, reason: '' } as const;
  expect([6, 7].map((at) => cells.isNews({ ...started, at }))).toEqual([false, true]);
});

it('says how a task was lost, and what to try', () => {
  expect(lostTask('1_2', undefined).message).toBe(
    'job 1_2 is not in the queue any more, and left no word of how it ended',
  );
  const sight = { state: 'ended', word: 'OUT_OF_MEMORY', reason: 'OutOfMemory' } as const;
  expect(lostTask('1_2', sight)).toMatchObject({
    message: 'job 1_2 ended as OUT_OF_MEMORY (OutOfMemory), and left no word of it',
    fix: expect.stringContaining('memory'),
  });
  expect(lostTask('1_2', { ...sight, word: 'FAILED', reason: '' }).fix).toContain('scontrol show job');
  expect(lostTask('1_2', { ...sight, word: 'FAILED', reason: 'JobLaunchFailure' }).fix).toContain('see runs/');
  expect(lostTask('1_2', sight, ['x', 'kdpipe: node n7 has no Node.js that runs there'])).toMatchObject({
    code: 'node-unfit',
    message: 'node n7 has no Node.js that runs there',
  });
});
