import { describe, expect, it } from 'vitest';
import { reportOutcomes } from '../../src/project/outcomes.ts';
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

  it('is the precision, too, of stages that asked for half of it', () => {
    const entry: Entry = {
      ...{ key: 'k', path: '', outputs: {} },
      manifest: () => ({ metrics: {}, key: 'k', run: 'r', environment: { amp: 'float32' } }) as unknown as Manifest,
    };
    const cells = [cell('mixed', {}, { amp: true }), cell('other', {}, { amp: false })];
    const entries = new Map(['mixed', 'other'].map((name) => [name, entry]));
    const mixed = { metrics: {}, key: 'k', run: 'r', amp: 'float32' };
    expect([...reportOutcomes({ ...plan, cells }, entries)]).toEqual([['mixed', mixed]]);
  });

  it('is nothing where no pipeline has a table', () => {
    expect(reportOutcomes({ ...plan, tables: [] }, new Map()).size).toBe(0);
  });
});
