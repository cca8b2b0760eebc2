import { describe, expect, it } from 'vitest';
import { isSilence, refusalOf, silenceFailure } from '../../../src/executors/slurm/refusals.ts';

describe('what Slurm answers', () => {
  it.each([
    'sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)',
    'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation',
    'slurm_load_jobs error: Unable to contact slurm controller (connect failure)',
    'sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received',
  ])('is no answer: %s', (said) => expect(isSilence({ status: 1, said })).toBe(true));

  it('is none where its program was stopped', () => expect(isSilence({ status: null, said: '' })).toBe(true));

  it('is a refusal otherwise', () => {
    const said =
      'sbatch: error: invalid partition specified: nope\nallocation failure: Invalid partition name specified';
    expect(isSilence({ status: 1, said })).toBe(false);
    expect(refusalOf('job x', said)).toEqual({
      code: 'slurm-refused',
      message: expect.stringContaining('invalid partition specified: nope'),
      expected: 'a partition that sinfo lists, for which this user may submit',
      fix: 'name one: slurm: { partition: … }',
    });
  });

  it('is passed on where it is not known', () => {
    expect(refusalOf('job x', 'sbatch: error: moon too low')).toEqual({
      ...{ code: 'slurm-refused', message: 'Slurm refuses job x: moon too low' },
    });
    expect(silenceFailure('').message).toContain('stopped after a minute');
  });
});
