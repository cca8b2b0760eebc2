import { tellCampaign, wage } from '../campaign/campaign.ts';
import { study } from '../campaign/study.ts';
import { countOf, type Trial } from '../trial.ts';

/** Kills runs at random instants: the runner, all processes, or a worker. */
export const kills: Trial = {
  promise:
    'Whatever SIGKILL takes, at whatever instant, the next run goes on: nothing is refused, no result differs from that of an undisturbed run, nothing that was committed is made again, nothing waits for the dead.',
  run: (size) =>
    wage({
      files: study,
      ways: ['runner', 'runner and children', 'worker'],
      count: countOf(size, { smoke: 3, full: 1000 }),
      seed: size.seed,
      share: 0.4,
    }),
  tell: tellCampaign,
};
