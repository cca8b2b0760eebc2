import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cell } from './fakes.ts';
import type { ModelCell } from './schedule-model.ts';
import { ScheduleWorld, type Act, type Setting } from './schedule-world.ts';

/** A random DAG: every cell may need any earlier ones. Simple cells come first, so that failures shrink to them. */
const dags: fc.Arbitrary<readonly ModelCell[]> = fc
  .array(
    fc.record({
      needs: fc.array(fc.nat({ max: 100 }), { maxLength: 3 }),
      cpu: fc.integer({ min: 1, max: 3 }),
      gpu: fc.integer({ min: 0, max: 2 }),
      urgency: fc.nat({ max: 5 }),
      retry: fc.nat({ max: 2 }),
      timeout: fc.constantFrom(0, 0, 10, 30),
      cohort: fc.constantFrom(null, null, 'x', 'y'),
      found: fc.constantFrom(
        ...(['nothing', 'nothing', 'nothing', 'result', 'unreadable', 'queued', 'forgotten'] as const),
      ),
    }),
    { minLength: 1, maxLength: 16, size: 'max' },
  )
  .map((drawn) =>
    drawn.map(({ needs, cpu, gpu, urgency, retry, timeout, cohort, found }, at) => ({
      ...cell(`c${at}`, {
        needs: at ? [...new Set(needs.map((need) => `c${need % at}`))].sort() : [],
        ...{ resources: { cpu, gpu }, retry, timeout },
      }),
      // Cells of a cohort ask for the same.
      ...{ urgency, found, label: cohort && `${cohort} ${cpu} ${gpu}` },
    })),
  );

const settings: fc.Arbitrary<Setting> = fc.record({
  cells: dags,
  slots: fc.integer({ min: 1, max: 4 }),
  gpus: fc.nat({ max: 2 }),
  keepGoing: fc.boolean(),
  interrupted: fc.constantFrom(...Array<boolean>(19).fill(false), true),
});

const of = fc.nat({ max: 20 });
const end = (...fates: readonly Extract<Act, { do: 'end' }>['fate'][]) =>
  fc.record({ do: fc.constant('end' as const), of, fate: fc.constantFrom(...fates) });
const tell = (what: 'wait' | 'acquire' | 'commit') => fc.record({ do: fc.constant(what), of });
const acts = (stops: number): fc.Arbitrary<readonly Act[]> =>
  fc.array(
    fc.oneof(
      { weight: 4, arbitrary: end('finished') },
      { weight: 3, arbitrary: end('failed', 'interrupted', 'reused') },
      { weight: 1, arbitrary: end('tainted', 'unsettled') },
      { weight: 3, arbitrary: tell('wait') },
      { weight: 6, arbitrary: tell('acquire') },
      { weight: 1, arbitrary: tell('commit') },
      {
        weight: 4,
        arbitrary: fc.record({ do: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 40 }) }),
      },
      { weight: stops, arbitrary: fc.record({ do: fc.constantFrom('interrupt' as const, 'kill' as const) }) },
    ),
    { maxLength: 40, size: 'max' },
  );

async function tryRun(setting: Setting, all: readonly Act[]): Promise<void> {
  const world = new ScheduleWorld(setting);
  await world.check();
  for (const act of all) await world.act(act);
  const outcome = await world.finish();
  const { states } = world.model;
  const count = (...wanted: readonly string[]) => states.filter((state) => wanted.includes(state)).length;
  const failures = count('failed', 'tainted');
  expect(outcome).toEqual({
    status: world.model.halted === 'interrupted' ? 'interrupted' : failures ? 'failed' : 'done',
    ...{ ran: count('finished'), reused: count('reused'), failed: failures, skipped: count('skipped'), stopped: 0 },
    states,
  });
}

describe('a schedule of any DAG, with slots, cohorts, retries, limits, queues, failures and other runs', () => {
  it('does nothing that it may not, leaves nothing undone, and ends', async () => {
    await fc.assert(fc.asyncProperty(settings, acts(0), tryRun), { numRuns: 250 });
  });

  it('also when it is interrupted or killed at any time', async () => {
    await fc.assert(fc.asyncProperty(settings, acts(2), tryRun), { numRuns: 200 });
  });
});
