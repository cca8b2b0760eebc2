import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { CellReference, type Cell, type CellId } from '../../src/core/plan.ts';
import { executors } from '../../src/executors/registry.ts';
import { previewPlan, runPlan } from '../../src/scheduler/run-plan.ts';
import type { StageKind } from '../../src/stages/stage-kind.ts';
import { openStore } from '../../src/store/local.ts';
import { cell, planOf } from './fakes.ts';

/** What a cell writes: a small number, so that different ingredients often give equal contents. */
const contentOf = (value: number, inputs: readonly string[]) =>
  String((value + inputs.reduce((sum, text) => sum + Number(text), 0)) % 3);

const adder: StageKind = {
  ...{ name: 'adder', resultVersion: 1, summary: '', params: {}, required: [], unkeyed: [], checkpoints: false },
  outputs: () => ({ sum: 'sum' }),
  load: () =>
    Promise.resolve({
      run: ({ params, inputs, out }) => {
        const texts = inputs.map(({ path }) => readFileSync(path, 'utf8'));
        writeFileSync(join(out, 'sum'), contentOf(Number(params['value']), texts));
        return Promise.resolve({ metrics: {} });
      },
    }),
};

/** A DAG of adders: every cell adds its value to what earlier cells wrote. */
interface Adder {
  readonly value: number;
  readonly needs: readonly number[];
}
const cellsOf = (adders: readonly Adder[]): readonly Cell[] =>
  adders.map(({ value, needs }, at) =>
    cell(`c${at}`, {
      kind: 'adder',
      params: { value, of: needs.map((need) => new CellReference(`c${need}`)) },
      needs: needs.map((need) => `c${need}`).sort(),
    }),
  );

/** The plain oracle: which cells must run, given everything that was ever made, and what each cell holds then. */
class Memory {
  readonly #made = new Set<string>();

  run(adders: readonly Adder[]): { readonly ran: ReadonlySet<CellId>; readonly contents: readonly string[] } {
    const ran = new Set<CellId>();
    const contents: string[] = [];
    adders.forEach(({ value, needs }, at) => {
      const inputs = needs.map((need) => contents[need] ?? '');
      const identity = JSON.stringify([value, inputs]);
      if (!this.#made.has(identity)) ran.add(identity);
      this.#made.add(identity);
      contents[at] = contentOf(value, inputs);
    });
    return { ran, contents };
  }
}

const dags = fc
  .array(fc.record({ value: fc.nat({ max: 4 }), needs: fc.array(fc.nat({ max: 100 }), { maxLength: 3 }) }), {
    minLength: 1,
    maxLength: 12,
  })
  .map((items) =>
    items.map(({ value, needs }, at) => ({ value, needs: at ? [...new Set(needs.map((need) => need % at))] : [] })),
  );
const edits = fc.array(fc.record({ at: fc.nat({ max: 100 }), value: fc.nat({ max: 4 }) }), { maxLength: 4 });

describe('any pipeline under any edits', () => {
  it('makes each distinct result once, reuses the rest, and ends with the contents of a plain computation', async () => {
    await fc.assert(
      fc.asyncProperty(dags, edits, fc.integer({ min: 1, max: 3 }), async (first, changes, slots) => {
        const folder = mkdtempSync(join(tmpdir(), 'kdpipe-waves-'));
        const store = openStore(join(folder, '.store'));
        const kinds = { adder };
        const memory = new Memory();
        let adders = first;
        for (const change of [undefined, ...changes]) {
          if (change)
            adders = adders.map((adder, at) =>
              at === change.at % adders.length ? { ...adder, value: change.value } : adder,
            );
          const plan = planOf(cellsOf(adders));
          const events: Event[] = [];
          const options = { runsFolder: folder, workingFolder: folder, store, kinds };
          const preview = await previewPlan(plan, options);
          const summary = await runPlan(plan, {
            ...{ ...options, slots, keepGoing: false, command: '', commit: () => Promise.resolve(null) },
            executor: executors['in-process'].create,
            sinks: [(event) => events.push(event)],
          });
          const { ran, contents } = memory.run(adders);
          expect(summary).toMatchObject({ status: 'done', ran: ran.size, reused: adders.length - ran.size });
          plan.cells.forEach(({ id }, at) => {
            const path = summary.entries.get(id)?.path ?? '';
            expect(readFileSync(join(path, 'sum'), 'utf8')).toBe(contents[at]);
            // The preview never calls a cell reusable that then ran, and runs at least what it was sure of.
            const said = preview.resolutions[at]?.status;
            if (said === 'reuse') expect(summary.states.get(id)).toBe('reused');
            if (summary.states.get(id) === 'finished') expect(['run', 'unknown']).toContain(said);
          });
          expect(summary.folder !== null && existsSync(summary.folder)).toBe(ran.size > 0);
          expect(events.filter(({ type }) => type === 'stage-started').length).toBeGreaterThanOrEqual(ran.size);
        }
        rmSync(folder, { recursive: true });
      }),
      { numRuns: 40 },
    );
  });
});
