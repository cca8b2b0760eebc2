import { concurrent } from './concurrent/concurrent.ts';
import { faults } from './faults/faults.ts';
import { kills } from './kills/kills.ts';
import { peers } from './peers/peers.ts';
import { powerLoss } from './power-loss/power-loss.ts';
import { preempt } from './preempt/preempt.ts';
import type { Trial } from './trial.ts';

/** All trials. Another one is a folder and a line here. */
export const trials = { concurrent, faults, kills, peers, 'power-loss': powerLoss, preempt } satisfies Record<
  string,
  Trial
>;
