import type { Cohort } from '../../src/stages/stage-kind.ts';
import { Gathering } from '../../src/worker/gathering.ts';

/** The cohort of a cell that runs by itself. */
export const alone = (signal = new AbortController().signal): Cohort => new Gathering(['alone']).seat('alone', signal);
