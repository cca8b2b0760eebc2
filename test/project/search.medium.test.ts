import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, type Event } from '../../src/api.ts';
import { clusters, executors } from '../../src/executors/registry.ts';

let folder: string;
beforeAll(() => (folder = realpathSync(mkdtempSync(join(tmpdir(), 'kdpipe-search-')))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pipeline = (trials: number) => `name: search
stages:
  digits: { uses: dataset, with: { source: mnist-digits, limit: { train: 40, val: 40 } } }
  student:
    uses: train-teacher
    search:
      method: asha
      parameters: { lr: { from: 0.0001, to: 0.1, scale: log } }
      trials: ${trials}
      metric: val.accuracy
      rungs: [1, 2]
      eta: 2
    with: { data: '\${stages.digits}', model: convnet4, crop: centre, batch_size: 16, schedule_epochs: 2 }
  score:
    uses: evaluate
    matrix: { of: ['\${stages.student[epochs=2]}'] }
    with: { data: '\${stages.digits}', splits: [val] }
tables:
  search: { from: score, rows: [lr], columns: [val.accuracy], into: search.md }
`;

/** Runs the pipeline with so many trials, in this process. */
async function searched(trials: number) {
  const events: Event[] = [];
  writeFileSync(join(folder, 'search.yaml'), pipeline(trials));
  const options = { cwd: folder, slots: 1, executor: executors['in-process'].create };
  const result = await run('search.yaml', { ...options, onEvent: (event) => events.push(event) });
  return { ...result, events };
}

describe('a search that stops trials', () => {
  it('runs, does nothing when it is run again, and goes on with more trials', async () => {
    const first = await searched(4);
    const [search] = first.searches;
    expect(first.status).toBe('done');
    // One epoch each, one more of those that went on.
    const went = 4 - (search?.stopped.get(1) ?? 0);
    expect(went).toBeGreaterThanOrEqual(2);
    expect(search).toMatchObject({ stage: 'student', trials: 4, trained: 4 + went, all: 8 });
    expect(first).toMatchObject({ failed: 0, ran: 1 + 4 + went + went, stopped: 2 * (4 - went) });

    const longer = first.events.filter(
      (event) => event.type === 'stage-started' && event.cell.startsWith('student[epochs=2'),
    );
    expect(longer).toHaveLength(went);
    for (const event of longer)
      expect(event).toMatchObject({ reason: expect.stringContaining('continues after 1 epochs of student[epochs=1,') });

    const stops = first.events.filter((event) => event.type === 'stage-stopped');
    expect(stops).toHaveLength(first.stopped);
    expect(stops[0]?.reason).toMatch(/^rank \d of 4 at 1 epoch, val\.accuracy 0\.\d+; \d went on$/);
    const table = readFileSync(join(folder, 'search.md'), 'utf8');
    expect(table.match(/stopped: rank \d of 4 at 1 epoch/g)).toHaveLength(4 - went);
    expect(table).toContain(
      `of 4 trials ${4 - went} were stopped after 1 epochs; ${4 + went} of 8 epochs were trained`,
    );

    const again = await searched(4);
    expect(again).toMatchObject({ run: null, ran: 0, reused: first.ran, stopped: first.stopped });
    expect(readFileSync(join(folder, 'search.md'), 'utf8')).toBe(table);

    const more = await searched(6);
    const promoted = (states: typeof more.states): readonly string[] =>
      [...states].flatMap(([cell, state]) => (/^student\[epochs=2/.test(cell) && state !== 'stopped' ? [cell] : []));
    for (const cell of promoted(first.states)) expect(more.states.get(cell)).toBe('reused');
    expect(promoted(more.states).length).toBeGreaterThanOrEqual(3);
    expect(more.searches[0]).toMatchObject({ trials: 6, all: 12 });
  });

  it('ranks trials that fail last, and goes on with the others where the run keeps going', async () => {
    const diverging = pipeline(6).replace('from: 0.0001, to: 0.1', 'from: 0.001, to: 1.0e+30');
    writeFileSync(join(folder, 'diverging.yaml'), diverging);
    const options = { cwd: folder, slots: 1, executor: executors['in-process'].create, report: false };
    const { status, failed, states, searches } = await run('diverging.yaml', { ...options, keepGoing: true });
    expect(status).toBe('failed');
    const of = (rung: number, state: string): number =>
      [...states].filter(([cell, end]) => cell.startsWith(`student[epochs=${rung},`) && end === state).length;
    expect(of(1, 'failed')).toBe(failed);
    expect(failed).toBeGreaterThan(0);
    expect(of(1, 'finished')).toBe(6 - failed);
    // What failed is no longer waited for, and its longer training has nothing to go on from.
    expect(of(2, 'skipped')).toBe(failed);
    expect(of(2, 'finished')).toBeGreaterThan(0);
    expect(of(2, 'finished') + of(2, 'stopped')).toBe(6 - failed);
    expect(searches[0]?.stopped.get(1)).toBe(of(2, 'stopped'));
    expect(searches[0]?.trained).toBe(6 - failed + of(2, 'finished'));
  });

  it('is refused on a cluster before anything is submitted', async () => {
    const cluster = await clusters.slurm.create();
    await expect(run('search.yaml', { cwd: folder, cluster })).rejects.toThrow(
      'stage student stops trials by asha, and all cells are submitted to a cluster before there are results',
    );
  });
});
