import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { indexExpression, parseIndices, parseQueue } from '../../../src/executors/slurm/squeue.ts';

describe('indices of an array', () => {
  it.each([
    ['3', [3]],
    ['0-3', [0, 1, 2, 3]],
    ['1,5-7', [1, 5, 6, 7]],
    ['0-6:2', [0, 2, 4, 6]],
    ['0-2%10', [0, 1, 2]],
    ['N/A', []],
    ['0-9999999999', []],
    ['', []],
  ])('%s', (text, indices) => expect(parseIndices(text)).toEqual(indices));

  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(300)), (drawn) => {
        const indices = drawn.sort((a, b) => a - b);
        expect(parseIndices(indexExpression(indices))).toEqual(indices);
      }),
    );
  });

  it('are written in short', () => expect(indexExpression([0, 1, 2, 4, 7, 8])).toBe('0-2,4,7-8'));
});

describe('what squeue prints', () => {
  const sight = parseQueue(
    [
      '12|5-9|PENDING|Dependency|kdpipe-run-student',
      '12|3|RUNNING|None|kdpipe-run-student',
      '12|4|CANCELLED|DependencyNeverSatisfied|kdpipe-run-student',
      '13|0|OUT_OF_MEMORY|None|kdpipe-run-odd|name',
      '14|0|RUNNING|None|somebody else',
      '',
    ].join('\n'),
    'kdpipe-',
  );

  it('names the jobs of kdpipe', () => {
    expect([...sight.jobs]).toEqual([
      ['kdpipe-run-student', '12'],
      ['kdpipe-run-odd|name', '13'],
    ]);
  });

  it('tells of each task how it stands', () => {
    expect(sight.task('12', 7)).toEqual({ state: 'queued', word: 'PENDING', reason: 'Dependency' });
    expect(sight.task('12', 3)).toEqual({ state: 'running', word: 'RUNNING', reason: '' });
    expect(sight.task('12', 4)).toMatchObject({ state: 'ended', reason: 'DependencyNeverSatisfied' });
    expect(sight.task('13', 0)).toMatchObject({ state: 'ended', word: 'OUT_OF_MEMORY' });
  });

  it('says nothing of tasks that it does not name', () => {
    expect(sight.task('12', 10)).toBeUndefined();
    expect(sight.task('14', 0)).toBeUndefined();
  });
});
