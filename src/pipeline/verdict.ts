import type { Failure } from '../core/failure.ts';
import type { Plan } from '../core/plan.ts';
import { failed, success, type Result } from '../core/result.ts';
import { formatList } from '../util/text.ts';
import { isIdle, type Locate, type Problem, type Problems } from './source/problems.ts';

/** A plan, and what has to be said of it. */
export interface Planned {
  /** Without the tables and plots of which something is said. */
  readonly plan: Plan;
  /** What is odd, and allowed: what overrides alone leave without effect. */
  readonly notes: readonly Failure[];
  /** What is wrong with tables and plots: cells can be shown, and nothing can be run. */
  readonly faults: readonly Failure[];
}

/** A plan with the problems that were met on the way. */
export interface Attempt {
  readonly plan: Plan;
  readonly problems: Problems;
}

/**
 * Says of a problem that it comes of overrides.
 *
 * @param message - what is wrong
 * @param overrides - as they were given
 * @returns the message with them
 */
export function withOverrides(message: string, overrides: readonly string[]): string {
  const words = formatList(
    overrides.map((text) => `-S ${text}`),
    3,
  );
  return `${message}, with ${words.replace(/ or (?=-S )/, ' and ')}`;
}

const isOfReport = ({ location: { path } }: Problem): boolean => path[0] === 'tables' || path[0] === 'plots';

/** Leaves out what a problem stands in: one table or plot, or all of them. */
function withoutFaulty(plan: Plan, problems: readonly Problem[]): Plan {
  const paths = problems.filter(isOfReport).map(({ location: { path } }) => path);
  const isSound = (section: 'tables' | 'plots', name: string): boolean =>
    !paths.some(([first, second]) => first === section && (second === undefined || second === name));
  return {
    ...plan,
    tables: plan.tables.filter(({ name }) => isSound('tables', name)),
    plots: plan.plots.filter(({ name }) => isSound('plots', name)),
  };
}

/**
 * Judges the problems of a plan. What would do nothing, and a table that does not fit, is wrong where the file itself says
 * it, and a note where overrides alone make it so: a short trial of a study must not ask for edits of its file.
 *
 * @param made - the plan with overrides, and its problems
 * @param overrides - as they were given
 * @param own - gives the problems of the file without overrides; asked for only where there are some with them
 * @param locate - finds places in the file
 * @returns the plan with what is to be said of it, or what prevents it
 */
export function judge(
  made: Attempt,
  overrides: readonly string[],
  own: () => Problems,
  locate: Locate,
): Result<Planned> {
  const { plan, problems } = made;
  if (problems.list.length === 0) return success({ plan, notes: [], faults: [] });
  const ofFile = overrides.length === 0 ? problems : own();
  const isMade = (problem: Problem): boolean => problem.location.override === undefined && !ofFile.has(problem);
  const isNote = (problem: Problem): boolean =>
    problem.note === true || (!problems.ended && isMade(problem) && (isIdle(problem) || isOfReport(problem)));
  const explained = (problem: Problem): Problem =>
    isMade(problem) ? { ...problem, message: withOverrides(problem.message, overrides) } : problem;
  const told = (which: (problem: Problem) => boolean): readonly Failure[] =>
    problems.failures(locate, (problem) => (which(problem) ? explained(problem) : undefined));
  const stops = (problem: Problem): boolean => !isNote(problem) && !isOfReport(problem);
  if (problems.ended || problems.list.some(stops)) return failed(told((problem) => !isNote(problem)));
  return success({
    plan: withoutFaulty(plan, problems.list),
    notes: told(isNote),
    faults: told((problem) => !isNote(problem)),
  });
}
