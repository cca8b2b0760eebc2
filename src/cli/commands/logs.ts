import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { Command } from 'commander';
import { unwrap } from '../../core/result.ts';
import { findCells } from '../../cells/select.ts';
import { cellStatuses } from '../../core/run-state.ts';
import { replayRun, type PastRun } from '../../record/past-runs.ts';
import { logFile } from '../../record/run-record.ts';
import { openProject } from '../../project/project.ts';
import { recentRun } from '../../project/recent.ts';
import { findRun } from '../recent-run.ts';
import { examples } from '../options.ts';
import { shellWord } from '../../util/shell-word.ts';
import { groupBy } from '../../util/group.ts';
import { columns, print, printError } from '../terminal.ts';

/** Pause between two looks at a log that grows; milliseconds. */
const glance = 500;

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
        const log = new Tail(logFile(past.folder, cell));
        const found = await log.print();
        if (!found) printError(`${cell} wrote nothing in run ${past.run} (${stateIn(past, cell)})`);
        if (flags.follow && cells.length === 1) await log.follow(() => !isRead || hasEnded(past.folder, cell));
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

/** Whether a stage will write no more: it ended, or its run did. */
function hasEnded(folder: string, cell: string): boolean {
  const run = folder.split(/[\\/]/).at(-1);
  const past = recentRun(join(folder, '..', '..'), run);
  const state = stateIn(past, cell);
  return past.events.at(-1)?.type === 'run-finished' || !['waiting', 'running', 'retrying'].includes(state);
}

/** A growing file, printed as it grows; a long one piece by piece, as fast as somebody reads. */
class Tail {
  readonly #file: string;
  #offset = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** Prints what is new; false when there is no such file or nothing new in it. */
  async print(): Promise<boolean> {
    const start = this.#offset;
    try {
      const pieces: AsyncIterable<Buffer> = createReadStream(this.#file, { start, highWaterMark: 1 << 16 });
      for await (const piece of pieces) {
        this.#offset += piece.length;
        if (!process.stdout.write(piece) && !(await drained(process.stdout))) break;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    return this.#offset > start;
  }

  /** Goes on until `done` says that nothing will come. */
  async follow(done: () => boolean): Promise<void> {
    for (;;) {
      const last = done();
      await this.print();
      if (last) return;
      await setTimeout(glance);
    }
  }
}

/** Waits until a stream takes more; false where its reader has gone. */
function drained(stream: Writable): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (takesMore: boolean) => {
      stream.off('drain', onDrain).off('error', onError).off('close', onError);
      resolve(takesMore);
    };
    const onDrain = () => settle(true);
    const onError = () => settle(false);
    stream.on('drain', onDrain).on('error', onError).on('close', onError);
  });
}
