import { appendFileSync, chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { CellReference, type Cell, type CellId } from '../../src/core/plan.ts';
import { executors } from '../../src/executors/registry.ts';
import { previewPlan, runPlan, type RunOptions } from '../../src/scheduler/run-plan.ts';
import { kinds } from '../../src/stages/registry.ts';
import { openStore } from '../../src/store/local.ts';
import { planOf, shellCell } from './fakes.ts';

let folder: string;
let events: Event[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-damaged-'));
  events = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const options = (overrides: Partial<RunOptions> = {}): RunOptions => ({
  ...{
    runsFolder: join(folder, 'runs'),
    workingFolder: folder,
    store: openStore(join(folder, 'runs', '.store')),
    kinds,
  },
  ...{ slots: 1, keepGoing: true, executor: executors['in-process'].create, command: 'kdpipe run trial.yaml' },
  ...{ sinks: [(event) => events.push(event)], commit: () => Promise.resolve('abc') },
  ...overrides,
});
const run = (...cells: readonly Cell[]) => runPlan(planOf(cells), options());
const preview = (...cells: readonly Cell[]) => previewPlan(planOf(cells), options());
const eventsOf = (cell: CellId) => events.filter((event) => 'cell' in event && event.cell === cell);

const data = shellCell('data', 'echo 1,2,3 > "$KDPIPE_OUT/out"');
const reading = (id: CellId, shell: string): Cell =>
  shellCell(id, shell, { inputs: { from: new CellReference('data', 'out') } }, { needs: ['data'] });
const copy = reading('copy', 'cat "$KDPIPE_INPUT_FROM/out" > "$KDPIPE_OUT/out"');
const vandal = (change: string) => reading('vandal', `FILE="$KDPIPE_INPUT_FROM/out"; chmod u+w "$FILE"; ${change}`);
const resultOf = async (...cells: readonly Cell[]) =>
  join((await run(...cells)).entries.get(cells.at(-1)?.id ?? '')?.path ?? '', 'out');

/** Times have a grain: what is written at once after another file may have the same. */
async function tick(): Promise<void> {
  const probe = join(folder, 'probe');
  const changed = () => {
    writeFileSync(probe, '');
    return statSync(probe).ctimeMs;
  };
  const first = changed();
  await expect.poll(changed, { interval: 1 }).toBeGreaterThan(first);
}

function append(path: string): void {
  chmodSync(path, 0o644);
  appendFileSync(path, '4\n');
}

const reason = /^its (?:stored result was changed: edited out|last result is not in the store any more)$/;

/** What commands do to files of their inputs: of the same size, of another, with `sed -i` a new file. */
const changes = ['echo 9,2,3 > "$FILE"', 'echo 9,2,3,4 > "$FILE"', 'sed -i s/1/9/ "$FILE"', 'sed -i s/1/100/ "$FILE"'];

describe('a command that writes into the result of another stage', () => {
  it.each(changes)('is tainted, and nobody reads what it has changed: %s', async (change) => {
    expect(await run(data, vandal(change), copy)).toMatchObject({ status: 'failed', ran: 1, failed: 2 });
    expect(eventsOf('vandal').at(-1)).toMatchObject({
      type: 'stage-tainted',
      changed: ['inputs.from ← data (edited out)'],
    });
    expect(eventsOf('copy').at(-1)).toMatchObject({
      type: 'stage-failed',
      failure: { code: 'changed-result', message: expect.stringContaining('inputs.from ← data (edited out)') },
    });
  });

  it.each(changes)(
    'has it made anew by the next run, from which others get what their keys say: %s',
    async (change) => {
      await run(data, vandal(change));
      expect(readFileSync(await resultOf(data, copy), 'utf8')).toBe('1,2,3\n');
      expect(eventsOf('data').at(-2)).toMatchObject({ type: 'stage-started', reason: expect.stringMatching(reason) });
    },
  );
});

describe('a result that was changed in the store', () => {
  it('is said to be made anew, and is, though nobody reads it; what was found instead is kept for a look', async () => {
    const path = await resultOf(data);
    append(path);
    await tick();
    expect((await preview(data)).resolutions).toMatchObject([
      { status: 'run', reasons: ['its stored result was changed: edited out'] },
    ]);
    const { resolutions } = await preview(data, copy);
    expect(resolutions).toMatchObject([
      { status: 'run', reasons: ['its stored result was changed: edited out'] },
      { status: 'unknown' },
    ]);
    expect(await run(data)).toMatchObject({ status: 'done', ran: 1 });
    expect(readFileSync(path, 'utf8')).toBe('1,2,3\n');
    const key = basename(dirname(path));
    expect(readFileSync(join(folder, 'runs/.store/.tainted', key, 'out'), 'utf8')).toBe('1,2,3\n4\n');
  });

  it('is made anew once, also where several cells have its key', async () => {
    append(await resultOf(data));
    const twin = { ...data, id: 'twin' };
    expect(await run(data, twin, copy)).toMatchObject({ status: 'done', ran: 2, reused: 1 });
    expect(await run(data, twin, copy)).toMatchObject({ status: 'done', ran: 0, reused: 3 });
  });

  it('is not made anew where it is not selected: that is said', async () => {
    append(await resultOf(data));
    await expect(runPlan(planOf([data, copy]), options({ selection: new Set(['copy']) }))).rejects.toMatchObject({
      failures: [
        {
          code: 'need-not-selected',
          message: 'copy needs data, which is not selected and whose result was changed in the store: edited out',
        },
      ],
    });
  });

  it('spoils no result that was made of it before', async () => {
    const made = await resultOf(data, copy);
    append(await resultOf(data));
    expect(await run(data, copy)).toMatchObject({ status: 'done', ran: 1, reused: 1 });
    expect(readFileSync(made, 'utf8')).toBe('1,2,3\n');
  });
});
