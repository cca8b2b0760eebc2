import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../src/core/json.ts';
import { CohortBarrier } from '../../src/worker/cohort-barrier.ts';
import type { Circumstances, Made } from './stage-workshop.ts';

/** Runs one cell. */
export type Runner = (params: JsonObject, circumstances: Circumstances) => Promise<Made>;

/** Runs cells as a cohort, each as a worker would; `asides` gets the names of those that step aside. */
export function together(
  run: Runner,
  cells: readonly JsonObject[],
  circumstances: readonly Circumstances[] = [],
  asides: string[] = [],
): Promise<PromiseSettledResult<Made>[]> {
  const names = cells.map((_, at) => `student${at}`);
  const gathering = new CohortBarrier(names);
  return Promise.allSettled(
    cells.map(async (params, at) => {
      const own = circumstances[at] ?? {};
      const seat = gathering.member(`student${at}`, own.signal ?? new AbortController().signal);
      const stepAside = () => {
        asides.push(`student${at}`);
        return seat.stepAside();
      };
      try {
        return await run(params, { ...own, cohort: { ...seat, stepAside } });
      } finally {
        await seat.leave();
      }
    }),
  );
}

/** What cells made that all came to their end. */
export const made = (results: readonly PromiseSettledResult<Made>[]): readonly Made[] =>
  results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });

/** What stands in the entry of a training stage, but for timings. */
export const filesOf = ({ folder }: Made): readonly Buffer[] =>
  ['weights.safetensors', 'log.txt', 'curves.csv'].map((name) => readFileSync(join(folder, name)));
