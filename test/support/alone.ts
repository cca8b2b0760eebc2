import { Gathering, type Seat } from '../../src/worker/gathering.ts';

/** The cohort of a cell that runs by itself. */
export const alone = (signal = new AbortController().signal): Seat => new Gathering(['alone']).seat('alone', signal);
