import { fail, FailureError } from '../../core/failure.ts';
import type { CellId, Plan } from '../../core/plan.ts';
import { findCells } from '../../cells/select.ts';
import { describePlan } from '../../dashboard/data/describe-plan.ts';
import { LiveRun } from '../../dashboard/data/live-run.ts';
import type { StageData } from '../../dashboard/data/run-data.ts';
import { sweepRows, type SweepRow } from '../../dashboard/data/sweep.ts';
import { Runs } from '../../dashboard/server/runs.ts';
import { preview } from '../../project/preview.ts';
import type { Project } from '../../project/project.ts';
import { recentRun } from '../../project/recent.ts';
import { latestRuns } from '../../project/results.ts';
import { commitNamed, planRevision } from '../../project/revision.ts';
import { readPlan } from '../../record/past-runs.ts';
import { planFromJson, planToJson } from '../../record/plan-json.ts';

/** A run, or the plan of a revision with the results that are there. */
export interface RunSide {
  readonly is: 'run';
  readonly name: string;
  /** What people know it by: how it was started, or of which commit it is. */
  readonly said: string;
  readonly live: LiveRun;
}

/** Cells of one stage that differ in their seeds alone. */
export interface RowSide {
  readonly is: 'cells';
  readonly name: string;
  readonly run: string;
  readonly live: LiveRun;
  readonly stage: StageData;
  readonly row: SweepRow;
}

/** A commit of whichever pipeline the other side is a run of. */
export interface RevisionSide {
  readonly is: 'revision';
  readonly name: string;
  readonly commit: string;
}

/** What a word means that is to be compared. */
export type Side = RunSide | RowSide | RevisionSide;

/** Reads what words name. */
export class Sides {
  readonly #project: Project;
  readonly #runs: Runs;

  /** @param project - the workspace */
  constructor(project: Project) {
    this.#project = project;
    this.#runs = new Runs(project.runsFolder, project.store);
  }

  /**
   * Finds what a word names: a run or a pipeline's latest run, cells of the latest run that has them, `RUN:CELLS`, a commit.
   *
   * @param word - as typed
   * @returns what it means
   * @throws FailureError `no-such-side` where it means nothing; `several-rows` for cells that differ in more than seeds
   */
  async find(word: string): Promise<Side> {
    const run = this.#runNamed(word);
    if (run !== undefined) return this.#run(run);
    const colon = word.indexOf(':');
    const of = colon < 0 ? undefined : this.#runNamed(word.slice(0, colon));
    const cells = of === undefined ? this.#cells(word) : this.#cellsOf(of, word.slice(colon + 1));
    if (cells) return cells;
    const commit = await commitNamed(this.#project.root, word);
    if (commit !== undefined) return { is: 'revision', name: word, commit };
    return fail({
      code: 'no-such-side',
      message: `${word} names no run, no cell and no commit`,
      expected:
        'a run or a pipeline’s name, a stage, cell or stage[axis=value], RUN:CELL, or a commit of the pipeline file',
      fix: 'kdpipe status, kdpipe logs and git log show such names',
    });
  }

  /**
   * Plans the pipeline of a run as a commit has it, with the results that are there for it.
   *
   * @param revision - the commit
   * @param file - of the pipeline
   * @param overrides - as `-S` takes them
   * @returns the plan as a run
   */
  async revise({ name, commit }: RevisionSide, file: string, overrides: readonly string[] = []): Promise<RunSide> {
    const { planned } = await planRevision(file, commit, { overrides, cwd: this.#project.root });
    const live = new LiveRun(describePlan(withoutSecrets(planned.plan), commit));
    for (const { cell, resolution } of await preview(planned)) {
      if (resolution.status !== 'reuse') continue;
      live.apply({ type: 'stage-reused', cell: cell.id, key: resolution.key, at: 0 });
      live.result(cell.id, resolution.entry.manifest().metrics);
    }
    return { is: 'run', name, said: `${file} at ${commit}, with the results that are there for it`, live };
  }

  #runNamed(word: string): string | undefined {
    return this.#runs.list().find(({ run, pipeline }) => run === word || pipeline === word)?.run;
  }

  #live(run: string): LiveRun {
    return new LiveRun(this.#runs.feed(run).snapshot().data);
  }

  #run(run: string): RunSide {
    const live = this.#live(run);
    const { command, commit } = live.data;
    return { is: 'run', name: run, said: [command, commit === null ? '' : `at ${commit}`].join(' ').trim(), live };
  }

  #cells(word: string): RowSide | undefined {
    for (const { plan, run } of latestRuns(this.#project)) {
      const found = findCells(plan.cells, [word]);
      if (found.ok) return this.#rowOf(run, word, found.value);
    }
    return undefined;
  }

  #cellsOf(run: string, word: string): RowSide {
    const found = findCells(readPlan(this.#runs.feed(run).folder).cells, [word]);
    if (!found.ok) throw new FailureError(found.failures);
    return this.#rowOf(run, word, found.value);
  }

  #rowOf(run: string, name: string, ids: ReadonlySet<CellId>): RowSide {
    const live = this.#live(run);
    const found = live.stages.flatMap((stage) =>
      sweepRows(live, stage, true).flatMap((row) => {
        const cells = row.cells.filter(({ id }) => ids.has(id));
        return cells.length > 0 ? [{ stage, row: { ...row, cells } }] : [];
      }),
    );
    const [first, ...others] = found;
    if (!first || others.length > 0) {
      const cells = found.map(({ row }) => row.cells[0]?.id ?? '');
      return fail({
        code: 'several-rows',
        message: `${name} names cells that differ in more than their seeds: ${cells.slice(0, 4).join(', ')}${cells.length > 4 ? ' …' : ''}`,
        expected: 'one cell, or cells that differ in their seeds alone',
        fix: 'name more axes: stage[axis=value,…]',
      });
    }
    return { is: 'cells', name, run, live, ...first };
  }
}

/** A plan as its record would hold it. */
const withoutSecrets = (plan: Plan): Plan => planFromJson(planToJson(plan)) ?? plan;

/**
 * Finds the two sides of a comparison.
 *
 * @param project - the workspace
 * @param words - what is compared
 * @param overrides - `-S` for the pipeline of a commit
 * @returns two runs, or two rows
 * @throws FailureError `unlike-sides` for a run and a cell, and for two commits
 */
export async function findSides(
  project: Project,
  words: readonly [string, string],
  overrides?: readonly string[],
): Promise<readonly [RunSide, RunSide] | readonly [RowSide, RowSide]> {
  const sides = new Sides(project);
  const [one, other] = [await sides.find(words[0]), await sides.find(words[1])];
  if (overrides && one.is !== 'revision' && other.is !== 'revision')
    fail({
      code: 'useless-option',
      message: '-S has no meaning here: neither side is a commit',
      expected: 'a run and a commit, whose pipeline file is planned',
    });
  if (one.is === 'run' && other.is === 'run') return [one, other];
  if (one.is === 'cells' && other.is === 'cells') return [one, other];
  if (one.is === 'run' && other.is === 'revision')
    return [one, await sides.revise(other, one.live.data.file, overrides)];
  if (one.is === 'revision' && other.is === 'run')
    return [await sides.revise(one, other.live.data.file, overrides), other];
  const what = { run: 'a run', cells: 'cells', revision: 'a commit' };
  return fail({
    code: 'unlike-sides',
    message: `${words[0]} is ${what[one.is]}, ${words[1]} is ${what[other.is]}`,
    expected: 'two runs, cells of one row on each side, or a run and a commit of its pipeline file',
    fix: `kdpipe compare ${recentRun(project.runsFolder).run} HEAD`,
  });
}
