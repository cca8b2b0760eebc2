import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { plotProblems } from '../../../src/report/plots/render-plots.ts';
import { cell, plan } from '../sample-plan.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kdpipe-plots-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("ends a user's plot that takes too much memory, and this process lives on", async () => {
  const spec = {
    data: { sequence: { start: 0, stop: 100_000_000, as: 'x' } },
    mark: 'point',
    encoding: { x: { field: 'x', type: 'quantitative' } },
  };
  writeFileSync(join(folder, 'own.vl.json'), JSON.stringify(spec));
  const shown = { name: 'p', cells: ['s'], x: 'kd_ratio', y: 'y', series: [], scale: 'linear' } as const;
  const whole = {
    ...plan([cell('s', { kd_ratio: 1 })]),
    plots: [{ ...shown, into: 'p.svg', template: 'own.vl.json' }],
  };
  expect(await plotProblems(whole, folder)).toMatchObject([
    { code: 'costly-template', place: { file: 'own.vl.json' }, message: expect.stringContaining('512 MiB') as string },
  ]);
});
