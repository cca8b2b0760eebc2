import { describe, expect, it } from 'vitest';
import { reportOutcomes } from '../../src/project/outcomes.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Plan, TablePlan } from '../../src/core/plan.ts';
import { cell } from '../report/sample-plan.ts';
import type { Entry, Manifest } from '../../src/store/store.ts';

const table = (name: string, cells: readonly string[]): TablePlan => ({
  ...{ name, cells, rows: ['model'], columns: ['accuracy'], template: 'markdown' },
});
const plan: Plan = {
  ...{ name: 'trial', description: '', file: 'trial.yaml', params: {}, cells: [], plots: [] },
  tables: [table('one', ['a', 'b']), table('two', ['b', 'c'])],
};

describe('what tables are made of', () => {
  it('is metrics, key and run of their cells that have a result, each manifest read once', () => {
    const read: string[] = [];
    const entry = (cell: string): Entry => ({
      ...{ key: `key of ${cell}`, path: '', outputs: {} },
      manifest: () => {
        read.push(cell);
        return {
          metrics: { accuracy: cell.length },
          key: `key of ${cell}`,
          run: `run of ${cell}`,
          environment: {},
        } as unknown as Manifest;
      },
    });
    const entries = new Map(['b', 'c', 'unasked'].map((cell) => [cell, entry(cell)] as const));
    expect([...reportOutcomes(plan, entries)]).toEqual([
      ['b', { metrics: { accuracy: 1 }, key: 'key of b', run: 'run of b' }],
      ['c', { metrics: { accuracy: 1 }, key: 'key of c', run: 'run of c' }],
    ]);
    expect(read).toEqual(['b', 'c']);
  });

  it('is what computed them, too, of all stages that ran a network', () => {
    const entry = (environment: JsonObject): Entry => ({
      ...{ key: 'k', path: '', outputs: {} },
      manifest: () => ({ metrics: {}, key: 'k', run: 'r', environment }) as unknown as Manifest,
    });
    const cells = [
      cell('mixed', {}, { engine: 'auto', amp: true }),
      cell('teacher', {}, { engine: 'auto' }),
      cell('old', {}, { engine: 'auto' }),
      cell('data', {}, {}),
    ];
    const native = { engine: { name: 'native', kernels: 'avx2' }, amp: 'float32' };
    const environments: Readonly<Record<string, JsonObject>> = {
      mixed: native,
      teacher: { engine: { name: 'pytorch', device: 'NVIDIA H200' }, engines: ['native', 'pytorch'] },
      old: {},
      data: {},
    };
    const entries = new Map(Object.entries(environments).map(([name, said]) => [name, entry(said)]));
    const known = { metrics: {}, key: 'k', run: 'r' };
    expect([...reportOutcomes({ ...plan, cells }, entries)]).toEqual([
      ['mixed', { ...known, amp: 'float32', engines: ['native'] }],
      ['teacher', { ...known, engines: ['native', 'pytorch on NVIDIA H200'] }],
      ['old', known],
    ]);
  });

  it('is nothing where no pipeline has a table', () => {
    expect(reportOutcomes({ ...plan, tables: [] }, new Map()).size).toBe(0);
  });
});
