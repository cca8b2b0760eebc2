import { describe, expect, it } from 'vitest';
import { parseStatus } from '../../../src/executors/command/programs.ts';

describe('what status prints', () => {
  it('is a line each job: what it is called, its state, and why', () => {
    expect([...parseStatus('12 running\n 13   queued (Priority)  \nj-14 ended out of memory\n')]).toEqual([
      ['12', { state: 'running', reason: '' }],
      ['13', { state: 'queued', reason: '(Priority)' }],
      ['j-14', { state: 'ended', reason: 'out of memory' }],
    ]);
  });

  it('says nothing of jobs that it does not name, and nothing by words that are not known', () => {
    expect(parseStatus('\n').size).toBe(0);
    expect(parseStatus('error: no server\n12 Complete\n13').get('12')).toEqual({ state: 'unknown', reason: '' });
    expect(parseStatus('13').get('13')?.state).toBe('unknown');
  });
});
