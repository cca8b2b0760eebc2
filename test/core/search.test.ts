import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Search } from '../../src/core/plan.ts';
import { Bracket, searchCost } from '../../src/core/search.ts';

/** Scores by trial and rung. */
type Table = readonly (readonly number[])[];

const search = (trials: number, given: Partial<Search> = {}): Search => ({
  stage: 'student',
  method: 'asha',
  metric: 'val.accuracy',
  eta: 3,
  rungs: [1, 3, 9],
  unit: 'epochs',
  trials: Array.from({ length: trials }, (_, trial) => [0, 1, 2].map((rung) => [`${trial}/${rung}`])),
  ...given,
});

/** How far each trial comes when all that is promoted is trained. */
function reach(searched: Search, table: Table): readonly number[] {
  const trained = new Set(searched.trials.map((_, trial) => `${trial}/0`));
  const bracket = new Bracket(searched, ({ trial, rung }) =>
    trained.has(`${trial}/${rung}`) ? table[trial]?.[rung] : undefined,
  );
  for (let open = true; open;) {
    const promoted = bracket.advance().filter((at) => bracket.verdict(at) === true);
    for (const { trial, rung } of promoted) trained.add(`${trial}/${rung}`);
    open = promoted.length > 0;
  }
  return searched.trials.map((_, trial) => [2, 1, 0].find((rung) => trained.has(`${trial}/${rung}`)) ?? 0);
}

/** Algorithm 2 of Li et al. 2020, word for word: one worker, which draws trials by their numbers and stops when there are none left. */
function published(table: Table, eta: number, rungs: number): readonly number[] {
  const finished = Array.from({ length: rungs }, (): number[] => []);
  const promoted = Array.from({ length: rungs }, () => new Set<number>());
  let drawn = 0;
  const getJob = (): readonly [trial: number, rung: number] | undefined => {
    for (let k = rungs - 2; k >= 0; k--) {
      const at = finished[k] ?? [];
      const ranked = [...at].sort((a, b) => (table[b]?.[k] ?? 0) - (table[a]?.[k] ?? 0));
      const candidates = ranked.slice(0, Math.floor(at.length / eta));
      const promotable = candidates.find((trial) => !promoted[k]?.has(trial));
      if (promotable === undefined) continue;
      promoted[k]?.add(promotable);
      return [promotable, k + 1];
    }
    return drawn < table.length ? [drawn++, 0] : undefined;
  };
  const reached = table.map(() => 0);
  for (let job = getJob(); job; job = getJob()) {
    finished[job[1]]?.push(job[0]);
    reached[job[0]] = job[1];
  }
  return reached;
}

const tables = fc.array(fc.uniqueArray(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }), {
  minLength: 9,
  maxLength: 40,
});

describe('a search that stops trials', () => {
  it('promotes whom ASHA as published does', () => {
    fc.assert(
      fc.property(tables, fc.integer({ min: 2, max: 4 }), (table, eta) => {
        expect(reach(search(table.length, { eta }), table)).toEqual(published(table, eta, 3));
      }),
      { numRuns: 60 },
    );
  });

  it('decides the same in whatever order scores come, and takes back nothing when there are more trials', () => {
    fc.assert(
      fc.property(tables, fc.infiniteStream(fc.nat()), (table, chance) => {
        const searched = search(table.length);
        const waiting = searched.trials.map((_, trial) => ({ trial, rung: 0 }));
        const known = new Map<string, number | undefined>();
        const bracket = new Bracket(searched, ({ trial, rung }) => known.get(`${trial}/${rung}`));
        const reached = table.map(() => 0);
        while (waiting.length > 0) {
          const [next] = waiting.splice((chance.next().value as number) % waiting.length, 1);
          if (!next) break;
          known.set(`${next.trial}/${next.rung}`, table[next.trial]?.[next.rung]);
          reached[next.trial] = next.rung;
          waiting.push(...bracket.advance().filter((at) => bracket.verdict(at) === true));
        }
        expect(reached).toEqual(reach(searched, table));
        const first = reach(search(9), table.slice(0, 9));
        expect(first.every((rung, trial) => rung <= (reached[trial] ?? 0))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('halves all trials of a rung at once, and says why the others were stopped', () => {
    const table = [0.1, 0.9, 0.5, 0.3, 0.7, 0.2, 0.8, 0.4, 0.6].map((score) => [score, score, score]);
    const searched = search(9, { method: 'halving' });
    expect(reach(searched, table)).toEqual([0, 2, 0, 0, 1, 0, 1, 0, 0]);
    const bracket = new Bracket(searched, ({ trial, rung }) => table[trial]?.[rung]);
    bracket.advance();
    expect(bracket.verdict({ trial: 0, rung: 1 })).toEqual({
      brief: 'rank 9 of 9 at 1 epoch',
      reason: 'rank 9 of 9 at 1 epoch, val.accuracy 0.1; 3 went on',
    });
    expect(bracket.verdict({ trial: 4, rung: 2 })).toMatchObject({
      reason: 'rank 3 of 3 at 3 epochs, val.accuracy 0.7; 1 went on',
    });
  });

  it('ranks by the direction of the metric, and never promotes a trial that failed', () => {
    const losses: readonly (number | null)[] = [0.5, 0.1, 0.9, null, null, null, null, null, null];
    const searched = search(9, { method: 'halving', metric: 'val.loss', rungs: [1, 3] });
    const bracket = new Bracket(searched, ({ trial }) => losses[trial]);
    expect(
      bracket
        .advance()
        .filter((at) => bracket.verdict(at) === true)
        .map(({ trial }) => trial),
    ).toEqual([1, 0, 2]);
    expect(bracket.verdict({ trial: 3, rung: 1 })).toMatchObject({ reason: 'no val.loss at 1 epoch; 3 went on' });
  });

  it('says what it will take', () => {
    fc.assert(
      fc.property(tables, fc.constantFrom('asha' as const, 'halving' as const), (table, method) => {
        const searched = search(table.length, { method });
        const took = reach(searched, table).reduce((sum, rung) => sum + (searched.rungs[rung] ?? 0), 0);
        const { least, most, all } = searchCost(searched);
        expect(took).toBeGreaterThanOrEqual(least);
        expect(took).toBeLessThanOrEqual(most);
        expect(all).toBe(table.length * 9);
      }),
      { numRuns: 40 },
    );
  });
});
