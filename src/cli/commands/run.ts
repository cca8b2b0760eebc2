import { availableParallelism } from 'node:os';
import { fileArgument } from '../workspace.ts';
import { Command } from 'commander';
import { exitCodes } from '../exit.ts';
import { examples, executorOption, jsonOption, positiveInteger, selectorOption, setOption } from '../options.ts';
import type { RunFlags } from '../run-pipeline.ts';
import { findNothingToDo } from '../../project/nothing-to-do.ts';
import { initialRun } from '../../core/run-state.ts';
import { readingView } from '../../ui/reading-view.ts';
import { runSummary } from '../../ui/summary.ts';
import { kdpipeCommand } from '../../util/shell-word.ts';
import { printNotes } from '../notes.ts';
import { outliveTerminal } from '../signals.ts';
import { printError } from '../terminal.ts';
import { threadsOption } from '../threads.ts';

/**
 * `kdpipe run`.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('run')
    .addArgument(fileArgument())
    .option('-n, --dry-run', 'show what would run, and why')
    .option('-j, --jobs <n>', 'stages that run at once', positiveInteger, availableParallelism())
    .addOption(executorOption())
    .option('-k, --keep-going', 'after a failure, skip only what needs the failed stage')
    .option('--no-cohorts', 'run each cell by itself: same results, without sharing the teacher’s passes')
    .addOption(setOption())
    .addOption(selectorOption('--only <stage>', 'run these cells and nothing else'))
    .addOption(selectorOption('--from <stage>', 'run these cells and all that depend on them'))
    .addOption(selectorOption('--to <stage>', 'run these cells and all that they need'))
    .addOption(selectorOption('--force <stage>', 'run these cells although they are cached'))
    .option(
      '--trust',
      'start the programs of a pipeline from outside of this project; remembered until its file changes',
    )
    .option('--rehash', 'read every file outside runs/ again, also those whose size and times are as they were')
    .option('--report', 'write tables and plots, also what -S changed and what lacks results')
    .option('--no-report', 'leave the files of tables and plots as they are')
    .option('--detach', 'let it go on without this terminal; kdpipe attach shows it')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        'kdpipe run pipelines/study.yaml',
        'kdpipe run -n pipelines/study.yaml -S kd_ratio=0.1,0.3',
        "kdpipe run pipelines/study.yaml --only 'student[seed=0]' -j 2",
      ),
    )
    .action(async (file: string, flags: RunFlags) => {
      process.exitCode = await run(file, flags);
    });
}

async function run(file: string, flags: RunFlags): Promise<number> {
  threadsOption();
  outliveTerminal();
  const { only, from, to, force, dryRun, json, set, report, rehash } = flags;
  if ((only ?? from ?? to ?? force ?? dryRun ?? json ?? report ?? rehash) === undefined) {
    const start = performance.now();
    const watch = readingView(process.stderr, () => performance.now());
    const found = await findNothingToDo(file, { overrides: set ?? [] }, watch);
    watch.close();
    if (found) {
      const { cells, stopped, notes = [], placed, held } = found;
      printNotes(notes);
      const ended = { status: 'done', seconds: (performance.now() - start) / 1000 } as const;
      const progress = {
        ...initialRun,
        total: cells,
        counts: { ...initialRun.counts, reused: cells - stopped, stopped },
        ended,
      };
      const files = {
        written: placed.map((one) => ({ ...one, changed: false })),
        held: held.map((one) => ({ ...one, why: 'overridden' as const, cells, results: cells })),
        command: kdpipeCommand('report', file, set ?? []),
      };
      for (const line of runSummary(progress, files)) printError(line);
      return exitCodes.done;
    }
  }
  // Loaded only now: planning takes longer to load than most runs take to see that nothing is left to do. In two parts: Node opens all
  // files of one at once, and a process may be allowed few.
  await import('../../project/plan.ts');
  const { runPipeline } = await import('../run-pipeline.ts');
  return runPipeline(file, flags);
}
