/** A runner in a process of its own, which tests kill: runs one command stage. Arguments: folder, line of shell. */
import { join } from 'node:path';
import { executors } from '../../../src/executors/registry.ts';
import { runPlan } from '../../../src/scheduler/run-plan.ts';
import { kinds } from '../../../src/stages/registry.ts';
import { openStore } from '../../../src/store/local.ts';
import { planOf, shellCell } from '../../scheduler/fakes.ts';

const [folder = '', shell = ''] = process.argv.slice(2);
const runsFolder = join(folder, 'runs');
const summary = await runPlan(planOf([shellCell('stage', shell)]), {
  ...{ runsFolder, workingFolder: folder, store: openStore(join(runsFolder, '.store')), kinds, slots: 1 },
  ...{
    executor: executors.local.create,
    keepGoing: false,
    sinks: [],
    command: 'test',
    commit: () => Promise.resolve(null),
  },
});
process.stdout.write(`${summary.status} ${summary.ran}\n`);
