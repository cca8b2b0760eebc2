import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Event } from '../../src/core/event.ts';
import { fail } from '../../src/core/failure.ts';
import { CellReference } from '../../src/core/plan.ts';
import type { Cluster } from '../../src/executors/cluster.ts';
import { executors } from '../../src/executors/registry.ts';
import { runPlan } from '../../src/scheduler/run-plan.ts';
import { kinds } from '../../src/stages/registry.ts';
import { openStore } from '../../src/store/local.ts';
import { planOf, shellCell } from './fakes.ts';

let folder: string;
let told: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kdpipe-network-'));
  told = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a cell of a kind that needs the network, and one that reads it, on a cluster that says that it was asked. */
const submit = (shell: string) => {
  const refused = () => fail({ code: 'slurm-refused', message: 'the cluster was asked' });
  const params = { inputs: { from: new CellReference('got', 'out') } };
  const cells = [shellCell('got', shell, {}, { kind: 'get' }), shellCell('read', 'true', params, { needs: ['got'] })];
  return runPlan(planOf(cells), {
    ...{ runsFolder: join(folder, 'runs'), workingFolder: folder, store: openStore(join(folder, 'runs', '.store')) },
    kinds: { ...kinds, get: { ...kinds.command, name: 'get', network: true } },
    ...{ slots: 1, keepGoing: false, executor: executors['in-process'].create },
    cluster: { name: 'Queue', open: refused } as unknown as Cluster,
    sinks: [(event: Event) => 'cell' in event && told.push(`${event.type} ${event.cell}`)],
    ...{ command: 'kdpipe run', commit: () => Promise.resolve(null) },
  });
};

it('runs what needs the network on the machine that submits, before anything is queued', async () => {
  await expect(submit('true')).rejects.toThrow('the cluster was asked');
  expect(told).toEqual(['stage-started got', 'stage-finished got']);
  told = [];
  await expect(submit('true')).rejects.toThrow('the cluster was asked');
  expect(told).toEqual([]);
});

it('queues nothing where that fails', async () => {
  expect(await submit('exit 3')).toMatchObject({ status: 'failed', failed: 1 });
  expect(told.at(-1)).toBe('stage-failed got');
});
