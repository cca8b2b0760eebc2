import { Command } from 'commander';
import type { Event } from '../../core/event.ts';
import type { CellId } from '../../core/plan.ts';
import { unwrap } from '../../core/result.ts';
import { findCells } from '../../cells/select.ts';
import type { PastRun } from '../../record/past-runs.ts';
import { plan } from '../../project/plan.ts';
import { preview } from '../../project/preview.ts';
import { openProject } from '../../project/project.ts';
import { recentRun } from '../../project/recent.ts';
import { findRun } from '../recent-run.ts';
import { examples, setOption } from '../options.ts';
import { print } from '../terminal.ts';
import { typedPath } from '../workspace.ts';

/**
 * `kdpipe why`: what a run would do with a stage and for which changed leaf; and why it last ran.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('why')
    .argument('<stage>', 'stage, cell or stage[axis=value]')
    .option('-f, --file <pipeline>', 'pipeline file; by default that of the latest run', typedPath)
    .addOption(setOption())
    .addHelpText('after', examples('kdpipe why teacher', 'kdpipe why -f pipelines/study.yaml student -S epochs=20'))
    .action(async (stage: string, flags: { readonly file?: string; readonly set?: readonly string[] }) => {
      const { runsFolder } = openProject();
      const file = flags.file ?? findRun(runsFolder).plan.file;
      const pipeline = await plan(file, { overrides: flags.set ?? [] });
      const named = unwrap(findCells(pipeline.plan.cells, [stage]));
      const previews = await preview(pipeline);
      const past = lastRunOf(runsFolder, pipeline.plan.name);
      for (const { cell, resolution } of previews.filter((one) => named.has(one.cell.id))) {
        print(`${cell.id}: ${words[resolution.status]}`);
        if (resolution.status !== 'reuse') for (const reason of resolution.reasons) print(`  ${reason}`);
        else print(`  ${lastReason(past, cell.id)}`);
      }
    });
}

/** What a run would do with a cell. */
const words = {
  reuse: 'is reused, nothing changed',
  run: 'would run',
  unknown: 'would run',
  stop: 'is stopped by its search',
} as const;

function lastRunOf(runsFolder: string, pipeline: string): PastRun | undefined {
  try {
    return recentRun(runsFolder, pipeline);
  } catch {
    return undefined;
  }
}

/** Why a cell ran in the latest run, from its record. */
function lastReason(past: PastRun | undefined, cell: CellId): string {
  const started = past?.events.findLast(
    (event): event is Extract<Event, { type: 'stage-started' }> =>
      event.type === 'stage-started' && event.cell === cell,
  );
  return past && started ? `it ran in ${past.run}: ${started.reason}` : 'it did not run in the latest run';
}
