import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FailureError } from '../../src/core/failure.ts';
import type { Cell, CellId } from '../../src/core/plan.ts';
import { prepare } from '../../src/scheduler/prepare.ts';
import { kinds } from '../../src/stages/registry.ts';
import { openStore } from '../../src/store/local.ts';
import { planOf, shellCell } from './fakes.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kdpipe-prepare-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const options = (overrides: { selection?: readonly CellId[]; force?: readonly CellId[] } = {}) => ({
  ...{ runsFolder: folder, workingFolder: folder, store: openStore(join(folder, '.store')), kinds },
  ...(overrides.selection ? { selection: new Set(overrides.selection) } : {}),
  ...(overrides.force ? { force: new Set(overrides.force) } : {}),
});
const chainOf = (length: number): readonly Cell[] =>
  Array.from({ length }, (_, at) => shellCell(`c${at}`, `true ${at}`, {}, { needs: at ? [`c${at - 1}`] : [] }));
const failuresOf = async (cells: readonly Cell[], selection: readonly CellId[]) => {
  const error: unknown = await prepare(planOf(cells), options({ selection })).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(FailureError);
  return (error as FailureError).failures;
};

describe('the cells of a run', () => {
  it('are all of the plan, in its order, unless some are selected', async () => {
    const { cells, resolutions } = await prepare(planOf(chainOf(3)), options());
    expect(cells.map(({ id }) => id)).toEqual(['c0', 'c1', 'c2']);
    expect(resolutions.map(({ status }) => status)).toEqual(['run', 'unknown', 'unknown']);
  });

  it('are the selected ones and what they need, not what needs them', async () => {
    const { cells } = await prepare(
      planOf([...chainOf(4), shellCell('other', 'true')]),
      options({ selection: ['c0', 'c1'] }),
    );
    expect(cells.map(({ id }) => id)).toEqual(['c0', 'c1']);
  });

  it('are none when none are selected', async () => {
    expect((await prepare(planOf(chainOf(2)), options({ selection: [] }))).cells).toEqual([]);
  });
});

describe('a selection that leaves out what it needs', () => {
  it('is refused with each missing cell, who needs it, and what to do', async () => {
    expect(await failuresOf(chainOf(3), ['c2'])).toEqual([
      {
        code: 'need-not-selected',
        message: 'c1 needs c0, which is not selected and has no result in the store',
        fix: 'run c0 too: --to instead of --only, or no selection',
      },
      expect.objectContaining({ message: expect.stringContaining('c2 needs c1') }),
    ]);
  });

  it('names five of many and counts the rest', async () => {
    const failures = await failuresOf(chainOf(20), ['c19']);
    expect(failures).toHaveLength(6);
    expect(failures.at(-1)?.message).toBe('14 more cells are missing like these');
  });

  it('does not ask for sources of cells that the run leaves out', async () => {
    const cells = [shellCell('a', 'true'), shellCell('b', 'true', { inputs: { x: 'none.txt' } })];
    expect((await prepare(planOf(cells), options({ selection: ['a'] }))).cells).toHaveLength(1);
    await expect(prepare(planOf(cells), options())).rejects.toMatchObject({ failures: [{ code: 'missing-source' }] });
  });
});
