import { existsSync } from 'node:fs';
import { Command } from 'commander';
import type { CellId } from '../../core/plan.ts';
import { unwrap } from '../../core/result.ts';
import { findCells } from '../../cells/select.ts';
import { cellStatuses } from '../../core/run-state.ts';
import { shortNames } from '../../dashboard/data/cell-names.ts';
import { Runs } from '../../dashboard/server/runs.ts';
import { replayRun, type PastRun } from '../../record/past-runs.ts';
import { logFile } from '../../record/run-record.ts';
import { openProject, type Project } from '../../project/project.ts';
import { findRun } from '../recent-run.ts';
import { examples } from '../options.ts';
import { shellWord } from '../../util/shell-word.ts';
import { groupBy } from '../../util/group.ts';
import { followLogs } from '../logs/follow-logs.ts';
import { Tail } from '../logs/tail.ts';
import { columns, print, printError } from '../terminal.ts';

/**
 * `kdpipe logs`: what a stage wrote in the latest run; with `-f`, what it, or several cells, go on to write.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('logs')
    .argument('[stage]', 'stage, cell or stage[axis=value]; without it, what can be named')
    .option('-f, --follow', 'go on printing what is written; of several cells each line after the name of its own')
    .option('--run <run>', 'a pipeline’s name or a run; by default the latest run')
    .addHelpText(
      'after',
      examples(
        'kdpipe logs',
        'kdpipe logs teacher -f',
        'kdpipe logs student -f',
        "kdpipe logs 'student[seed=0]' --run study",
      ),
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
      if (flags.follow) return follow(project, past, cells, () => isRead);
      for (const cell of cells) {
        if (cells.length > 1) print(`==> ${cell} <==`);
        const found = await new Tail(logFile(past.folder, cell), process.stdout).print();
        if (!found) sayEmpty(past, cell);
      }
    });
}

const sayEmpty = (past: PastRun, cell: CellId): void =>
  printError(`${cell} wrote nothing in run ${past.run} (${stateIn(past, cell)})`);

/** Prints what cells write until they have ended. */
async function follow(
  { runsFolder, store }: Project,
  past: PastRun,
  cells: readonly CellId[],
  isRead: () => boolean,
): Promise<void> {
  const { folder, run } = past;
  const [cell, ...others] = cells;
  if (cell !== undefined && others.length === 0 && !existsSync(logFile(folder, cell))) sayEmpty(past, cell);
  const names = others.length > 0 ? { names: shortNames(new Runs(runsFolder, store).feed(run).live) } : {};
  await followLogs({ folder, cells, ...names }, process.stdout, isRead);
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
