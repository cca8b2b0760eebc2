import { countOf, type Counts, type Outcome, type Size, type Trial } from '../trial.ts';
import { tellCampaign, wage } from '../campaign/campaign.ts';
import { projectOf } from './recipes.ts';

const engines = ['wasm', 'native'] as const;

async function run(size: Size): Promise<Outcome> {
  const broken: string[] = [];
  const counts: Record<string, Counts> = {};
  for (const engine of engines) {
    const outcome = await wage({
      files: projectOf(engine),
      ways: ['Ctrl-C', 'runner and children'],
      count: countOf(size, { smoke: 2, full: 200 }),
      seed: size.seed,
      // Short beside a project, so that trainings go on many times.
      share: 0.2,
    });
    broken.push(...outcome.broken.map((one) => `${engine}: ${one}`));
    counts[engine] = outcome.counts;
  }
  return { broken, counts };
}

/** Interrupts trainings at random steps. */
export const preempt: Trial = {
  promise:
    'A training that is interrupted at whatever steps, as often as one likes, by Ctrl-C or by SIGKILL, ends with the weights, metrics and curves of one that is not, bit by bit: with every optimiser, moving averages, R-Drop, mixed and changed images, adapters that learn, the memory of CRD, several terms, and in a cohort.',
  run,
  tell: (counts) => engines.map((engine) => `On ${engine}: ${tellCampaign(counts[engine] as Counts)}`).join('\n\n'),
};
