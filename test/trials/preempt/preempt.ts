import type { Outcome, Scale, Trial } from '../trial.ts';
import { wage } from '../campaign/campaign.ts';
import { countOf, seedOf } from '../campaign/size.ts';
import { projectOf } from './recipes.ts';

/** Longest time before a run is interrupted, milliseconds: short beside a project, so that trainings go on many times. */
const longest = 4000;

async function run(scale: Scale): Promise<Outcome> {
  const broken: string[] = [];
  const sections: string[] = [];
  for (const engine of ['wasm', 'native'] as const) {
    const outcome = await wage({
      files: projectOf(engine),
      ways: ['Ctrl-C', 'runner and children'],
      count: countOf(scale, { smoke: 2, full: 200, variable: 'PREEMPT_COUNT' }),
      seed: seedOf('PREEMPT_SEED'),
      longest,
    });
    broken.push(...outcome.broken.map((one) => `${engine}: ${one}`));
    sections.push(`On ${engine}: ${outcome.section}`);
  }
  return { broken, section: sections.join('\n\n') };
}

/** Interrupts trainings at random steps. */
export const preempt: Trial = {
  promise:
    'A training that is interrupted at whatever steps, as often as one likes, by Ctrl-C or by SIGKILL, ends with the weights, metrics and curves of one that is not, bit by bit: with every optimiser, moving averages, R-Drop, mixed and changed images, adapters that learn, the memory of CRD, several terms, and in a cohort.',
  run,
};
