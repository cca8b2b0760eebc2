import { faults } from './faults/faults.ts';
import type { Trial } from './trial.ts';

/** All trials. Another one is a folder and a line here. */
export const trials = { faults } satisfies Record<string, Trial>;
