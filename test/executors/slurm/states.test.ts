import { describe, expect, it } from 'vitest';
import { meaningOf } from '../../../src/executors/slurm/states.ts';

/** `man squeue`, "JOB STATE CODES". */
const words = [
  ...['BOOT_FAIL', 'CANCELLED', 'COMPLETED', 'CONFIGURING', 'COMPLETING', 'DEADLINE', 'FAILED', 'NODE_FAIL'],
  ...['OUT_OF_MEMORY', 'PENDING', 'PREEMPTED', 'RUNNING', 'RESV_DEL_HOLD', 'REQUEUE_FED', 'REQUEUE_HOLD', 'REQUEUED'],
  ...['RESIZING', 'REVOKED', 'SIGNALING', 'SPECIAL_EXIT', 'STAGE_OUT', 'STOPPED', 'SUSPENDED', 'TIMEOUT'],
];

describe('states of Slurm', () => {
  it('that a job never leaves are those that end it', () => {
    expect(words.filter((word) => meaningOf(word) === 'ended')).toEqual([
      ...['BOOT_FAIL', 'CANCELLED', 'COMPLETED', 'DEADLINE', 'FAILED', 'NODE_FAIL', 'OUT_OF_MEMORY', 'PREEMPTED'],
      ...['REVOKED', 'TIMEOUT'],
    ]);
  });

  it('of a job that is put back into the queue wait', () => {
    for (const word of ['PENDING', 'REQUEUED', 'REQUEUE_HOLD', 'SPECIAL_EXIT', 'CONFIGURING'])
      expect(meaningOf(word)).toBe('queued');
  });

  it('may have more behind them', () => {
    expect(meaningOf('CANCELLED by 1000')).toBe('ended');
    expect(meaningOf('CANCELLED+')).toBe('ended');
  });

  it('that nobody knows conclude nothing', () => {
    expect(meaningOf('A_LATER_WORD')).toBe('running');
    expect(meaningOf('constructor')).toBe('running');
  });
});
