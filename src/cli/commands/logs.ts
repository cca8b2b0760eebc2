import { Command } from 'commander';
import { unwrap } from '../../core/result.ts';
import { findCells } from '../../cells/select.ts';
import { cellStatuses } from '../../core/run-state.ts';
import { CellWatch } from '../../record/cell-watch.ts';
import { replayRun, type PastRun } from '../../record/past-runs.ts';
import { logFile } from '../../record/run-record.ts';
import { openProject } from '../../project/project.ts';
import { findRun } from '../recent-run.ts';
import { examples } from '../options.ts';
import { shellWord } from '../../util/shell-word.ts';
import { groupBy } from '../../util/group.ts';
import { Tail } from '../tail.ts';
import { columns, print, printError } from '../terminal.ts';

/**
 * `kdpipe logs`: what a stage wrote in the latest run; with `-f`, what it goes on to write.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('logs')
    .argument('[stage]', 'stage, cell or stage[axis=value]; without it, what can be named')
    .option('-f, --follow', 'go on printing what is written')
    .option('--run <run>', 'a pipeline’s name or a run; by default the latest run')
    .addHelpText(
      'after',
      examples('kdpipe logs', 'kdpipe logs teacher -f', "kdpipe logs 'student[seed=0]' --run study"),
    )
    .action(async (stage: string | undefined, flags: { readonly follow?: boolean; readonly run?: string }) => {
      const project = openProject();
      let isRead = true;
      // Node revives standard output after an error: only the event tells that its reader has gone.
      process.stdout.once('error', () => (isRead = false));
      const past = findRun(project.runsFolder, flags.run);
      if (stage === undefined) {
        print(stagesText(past));
        return;
      }
      const cells = [...unwrap(findCells(past.plan.cells, [stage]))];
      for (const cell of cells) {
        if (cells.length > 1) print(`==> ${cell} <==`);
        const log = new Tail(logFile(past.folder, cell), process.stdout);
        const found = await log.print();
        if (!found) printError(`${cell} wrote nothing in run ${past.run} (${stateIn(past, cell)})`);
        if (!flags.follow || cells.length > 1) continue;
        const watch = new CellWatch(past.folder, cell);
        await log.follow(() => !isRead || watch.hasEnded());
      }
    });
}

/** The stages of a run, how many cells each has, and one of them. */
function stagesText({ plan, run }: PastRun): string {
  const stages = [...groupBy(plan.cells, (cell) => cell.stage)].map(([stage, cells]) => [
    `kdpipe logs ${stage}`,
    cells.length > 1 ? `${cells.length} cells, as ${shellWord(cells[0]?.id ?? stage)}` : '',
  ]);
  return `${plan.name}  ${run}\n${columns(stages)}`;
}

const stateIn = (past: PastRun, cell: string) => cellStatuses(replayRun(past)).get(cell)?.state ?? 'waiting';
