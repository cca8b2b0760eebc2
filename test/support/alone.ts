import { CohortBarrier, type Member } from '../../src/worker/cohort-barrier.ts';

/** The cohort of a cell that runs by itself. */
export const alone = (signal = new AbortController().signal): Member =>
  new CohortBarrier(['alone']).member('alone', signal);
