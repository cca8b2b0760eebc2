import { faults } from './faults/faults.ts';
import { kills } from './kills/kills.ts';
import type { Trial } from './trial.ts';

/** All trials. Another one is a folder and a line here. */
export const trials = { faults, kills } satisfies Record<string, Trial>;
