import type { JsonObject } from '../../core/json.ts';
import type { Cell, CellId, Value } from '../../core/plan.ts';
import type { Search } from '../../core/plan.ts';
import { referencesIn } from '../../cells/cell-id.ts';
import type { StageKind } from '../../stages/stage-kind.ts';
import { seedAxis } from '../../cells/factors.ts';
import { groupBy } from '../../util/group.ts';
import { formatList } from '../../util/text.ts';
import { inside } from '../source/location.ts';
import type { Problems } from '../source/problems.ts';
import type { SearchSpec } from '../read/spec.ts';
import { axisValue, type Combination } from './matrix.ts';
import type { AxisScope } from './names.ts';
import type { SearchTemplate, SearchValues } from './search.ts';

/**
 * The parameter that says how far a result of a kind goes: the axis of the rungs.
 *
 * @param kind - the kind
 * @returns its name; undefined where results have no length
 */
export const lengthOf = (kind: StageKind | undefined): string | undefined => kind?.growth?.params[0];

/**
 * Tries every trial with every combination of a matrix, at every rung: all of one rung stand before those of the next.
 *
 * @param combinations - of the matrix
 * @param search - its trials
 * @param length - the axis of the rungs
 * @returns combinations with the values of trials, and of rungs where trials are stopped
 */
export function withTrials(
  combinations: readonly Combination[],
  search: SearchValues,
  length: string | undefined,
): readonly Combination[] {
  const { trials, stopping } = search;
  const tried = combinations.flatMap((combination) => trials.map((trial) => new Map([...combination, ...trial])));
  if (!stopping || length === undefined) return tried;
  const { rungs, location } = stopping;
  return rungs.flatMap((rung) => {
    const value = axisValue(rung, location);
    return tried.map((combination) => new Map(combination).set(length, value));
  });
}

/** A cell and the combination that it is of. */
export interface CombinedCell {
  readonly cell: Cell;
  readonly combination: Combination;
}

/** What searches are made of. */
interface SearchedStage {
  readonly kind: StageKind;
  readonly spec: SearchSpec;
  readonly template: SearchTemplate<AxisScope>;
  readonly problems: Problems;
}

type Cells = ReadonlyMap<CellId, Cell>;

/** The searches of a stage, and its cells with what each follows. */
interface Searched {
  readonly searches: readonly Search[];
  readonly follows: ReadonlyMap<CellId, readonly CellId[]>;
}

const tokensOf = (combination: Combination, names: (name: string) => boolean): string =>
  JSON.stringify([...combination].flatMap(([name, { token }]) => (names(name) ? [`${name}=${token}`] : [])));

/** Parameters that are JSON: growth asks for no others. */
const jsonOf = (params: Readonly<Record<string, Value>>): JsonObject =>
  Object.fromEntries(Object.entries(params).filter(([, value]) => referencesIn(value).length === 0)) as JsonObject;

/** Notes metrics that nobody reports. */
function checkMetric({ metric, trials }: Search, cells: Cells, { kind, spec, problems }: SearchedStage): void {
  const first = cells.get(trials[0]?.[0]?.[0] ?? '');
  const known = first && kind.metrics?.(first.params);
  if (!known || known.includes(metric)) return;
  problems.add({
    code: 'search-metric',
    message: `${kind.name} reports no ${metric}`,
    expected: formatList(known.filter((name) => name.startsWith('val.'))),
    location: inside(spec.location, 'metric'),
  });
}

/** Notes the first trial that would be trained anew at a rung: then no epoch would be saved. */
function checkGrowth({ rungs, trials }: Search, cells: Cells, { kind, spec, problems }: SearchedStage): void {
  const { growth } = kind;
  if (!growth) return;
  const last = rungs.at(-1) ?? 0;
  for (const [at, id] of trials.flatMap((trial) => trial.map((seeds, rung) => [rung, seeds[0] ?? ''] as const))) {
    const cell = cells.get(id);
    const shorter = rungs[at - 1];
    const beginning = cell && shorter !== undefined ? growth.beginning(jsonOf(cell.params), shorter) : { params: {} };
    if (!('reason' in beginning)) continue;
    problems.add({
      code: 'search-from-scratch',
      message: `each rung would be trained from its beginning: ${beginning.reason}`,
      expected: 'trainings that go on from rung to rung',
      fix:
        growth.horizon === undefined
          ? `search by random or sobol`
          : `write ${growth.horizon}: ${last} in with: then all rungs follow the schedule of ${last} ${growth.unit}`,
      location: inside(spec.location, 'rungs'),
    });
    return;
  }
}

/**
 * Finds the trials that compete: those of one combination of the matrix, whatever the seed.
 *
 * @param combined - the cells of a stage
 * @param stage - its search, and what takes problems
 * @returns the searches, and by cell what it follows; none where no trials are stopped
 */
export function searchesOf(combined: readonly CombinedCell[], stage: SearchedStage): Searched {
  const { kind, template } = stage;
  const length = lengthOf(kind);
  const cells: Cells = new Map(combined.map(({ cell }) => [cell.id, cell]));
  const follows = new Map<CellId, readonly CellId[]>();
  const names = new Set(stage.spec.parameters.keys());
  const isOfMatrix = (name: string): boolean => !names.has(name) && name !== length && name !== seedAxis;
  const groups = groupBy(combined, ({ combination }) => tokensOf(combination, isOfMatrix));
  const searches = [...groups.values()].flatMap((group): readonly Search[] => {
    const [first] = group;
    const stopping = first && template({ values: first.combination })?.stopping;
    if (!stopping || length === undefined) return [];
    const { method, metric, eta, rungs } = stopping;
    const byTrial = groupBy(group, ({ combination }) => tokensOf(combination, (name) => names.has(name)));
    const trials = [...byTrial.values()].map((trial) =>
      rungs.map((rung) => trial.flatMap(({ cell }) => (cell.axes[length] === rung ? [cell.id] : []))),
    );
    return [{ stage: first.cell.stage, method, metric, eta, rungs, unit: kind.growth?.unit ?? '', trials }];
  });
  for (const trial of searches.flatMap(({ trials }) => trials))
    for (const [below, seeds] of trial.slice(1).entries())
      for (const cell of seeds) follows.set(cell, trial[below] ?? []);
  for (const search of searches) checkMetric(search, cells, stage);
  for (const search of searches) checkGrowth(search, cells, stage);
  return { searches, follows };
}
