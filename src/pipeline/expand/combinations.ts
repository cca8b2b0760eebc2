import type { Value } from '../../core/plan.ts';
import { pluralize } from '../../util/text.ts';
import {
  axisValue,
  expandMatrix,
  type AxisValue,
  type Combination,
  type Expansion,
  type MatrixValues,
  type Reach,
} from './matrix.ts';
import type { Problems } from '../source/problems.ts';
import { misspeltEntries, whyUnmatched } from './unmatched.ts';
import type { SweptAxis } from '../read/spec.ts';
import { lengthOf, withTrials } from './rungs.ts';
import type { StageContext, StageTemplate } from './stage-template.ts';

/** What combinations are made with. */
export type CombinationContext = Pick<StageContext, 'world' | 'problems'> & {
  /** Values of swept params. */
  readonly swept: ReadonlyMap<string, SweptAxis>;
};

const single: readonly Combination[] = [new Map()];

/** Every combination, with every value of some further axes. */
function withAxes(
  combinations: readonly Combination[],
  axes: readonly (readonly [string, SweptAxis])[],
  meant: (name: string, value: Value) => Value = (_, value) => value,
): readonly Combination[] {
  let all = combinations;
  for (const [name, { values, location }] of axes) {
    const axis: readonly AxisValue[] = values.map((value) => axisValue(meant(name, value), location));
    all = all.flatMap((combination) => axis.map((value) => new Map(combination).set(name, value)));
  }
  return all;
}

/** How many combinations {@link withAxes} makes. */
const sizeWith = (combinations: number, axes: readonly (readonly [string, SweptAxis])[]): number =>
  axes.reduce((size, [, { values }]) => size * values.length, combinations);

/** Refuses a product that would fill the memory. */
function isTooLarge(
  { groups, include, exclude }: MatrixValues,
  { spec }: StageTemplate,
  { problems }: CombinationContext,
): boolean {
  const { budget } = problems;
  const size = groups.reduce((product, { rows }) => product * rows.length, 1);
  if (size <= budget.most('cells')) {
    const location = spec.matrix?.location ?? spec.location;
    // Of each cell an axis, and each entry of include and exclude with each cell: four comparisons take as long as a value.
    budget.spend('nodes', groups.length * (groups.length + size), location);
    budget.spend('nodes', ((include.length + exclude.length) * size) / 4, location);
    return false;
  }
  problems.add({
    code: 'matrix-too-large',
    message: `the matrix of stage ${spec.id} stands for ${size} cells`,
    expected: `at most ${budget.most('cells')}`,
    location: spec.matrix?.location ?? spec.location,
    atKey: true,
  });
  return true;
}

/** A matrix for one choice of swept params, and what it stands for. */
interface Expanded {
  readonly matrix: MatrixValues;
  readonly expansion: Expansion;
}

/** Notes entries of include that were meant for combinations, and match none. */
function checkIncluded(
  { matrix, expansion: { unmatched, added } }: Expanded,
  { spec }: StageTemplate,
  reach: Reach,
  problems: Problems,
): void {
  for (const entry of unmatched) {
    const written = spec.matrix?.include.find(({ location }) => location === entry.location);
    if (!written) continue;
    const { reason, ...rest } = whyUnmatched(written, { made: [entry], matrices: [matrix], reach });
    problems.add({
      code: 'include-without-cell',
      message: `this entry of include matches no combination: ${reason}`,
      expected: 'keys that match a combination: an entry that reaches through a cell cannot become one',
      ...rest,
    });
  }
  for (const problem of misspeltEntries(added, matrix)) problems.add(problem);
}

/** Notes entries of exclude that take nothing away, whatever is swept. */
function checkExcluded(all: readonly Expanded[], { spec }: StageTemplate, reach: Reach, problems: Problems): void {
  const excluding = new Set(all.flatMap(({ expansion }) => [...expansion.excluding].map(({ location }) => location)));
  const matrices = all.map(({ matrix }) => matrix);
  for (const written of spec.matrix?.exclude ?? []) {
    if (excluding.has(written.location)) continue;
    const made = matrices.flatMap(({ exclude }) => exclude.filter(({ location }) => location === written.location));
    const { reason, ...rest } = whyUnmatched(written, { made, matrices, reach });
    problems.add({
      code: 'unmatched-exclude',
      message: `this entry of exclude matches no combination: ${reason}`,
      ...rest,
    });
  }
}

/** The combinations of a stage's matrix for one choice of swept params. */
function expandFor(
  stage: StageTemplate,
  matrix: MatrixValues | undefined,
  reach: Reach,
  context: CombinationContext,
): Expanded | undefined {
  if (!matrix || isTooLarge(matrix, stage, context)) return undefined;
  const { problems } = context;
  const expansion = expandMatrix(matrix, reach);
  const expanded = { matrix, expansion };
  checkIncluded(expanded, stage, reach, problems);
  if (expansion.combinations.length > 0) return expanded;
  const { id, location, matrix: spec } = stage.spec;
  problems.add({
    code: 'empty-matrix',
    message: `the matrix of stage ${id} stands for no cell`,
    expected: matrix.groups.length > 0 ? 'an exclude that leaves something' : 'at least one axis, or an include',
    location: spec?.location ?? location,
    atKey: true,
  });
  return undefined;
}

/**
 * Works out the combinations of a stage. Swept params that it uses are its outermost axes (an axis of the same name in
 * its own matrix wins); axes of overrides that the matrix does not list are put over whatever it gives.
 *
 * @param stage - the stage
 * @param context - planned stages, swept params, and what takes problems
 * @returns one map of axis values a cell; undefined when a problem was noted, or a stage that it needs has one
 */
export function combinationsOf(stage: StageTemplate, context: CombinationContext): readonly Combination[] | undefined {
  const { budget } = context.problems;
  const { location } = stage.spec;
  const sweeps = [...context.swept].filter(([name]) => stage.names.sweeps.has(name));
  const reach: Reach = (value, keys) => context.world.follow(value, keys);
  const all: Combination[] = [];
  const matrices: Expanded[] = [];
  const overriding = [...sweeps, ...stage.spec.swept];
  budget.spend('nodes', sizeWith(1, sweeps), location);
  for (const sweep of withAxes(single, sweeps)) {
    const expanded = stage.matrix && expandFor(stage, stage.matrix({ values: sweep }), reach, context);
    if (stage.matrix && !expanded) return undefined;
    if (expanded) matrices.push(expanded);
    const search = stage.search?.({ values: sweep });
    if (stage.search && !search) return undefined;
    const ofMatrix = expanded?.expansion.combinations ?? single;
    const combinations = search ? withTrials(ofMatrix, search, lengthOf(stage.parameters?.kind)) : ofMatrix;
    const size = sizeWith(combinations.length, overriding);
    if (size > budget.most('cells')) {
      refuseOverridden(stage, size, context);
      return undefined;
    }
    for (const combination of combinations)
      all.push(sweep.size === 0 ? combination : new Map([...sweep, ...combination]));
  }
  if (stage.healthy) checkExcluded(matrices, stage, reach, context.problems);
  const { parameters } = stage;
  const meant = (name: string, value: Value): Value =>
    parameters === undefined ? value : parameters.meant(name, value);
  budget.spend('cells', sizeWith(all.length, [...stage.spec.swept]), location);
  return withAxes(all, [...stage.spec.swept], meant);
}

/** Refuses what overrides make of a stage. */
function refuseOverridden({ spec }: StageTemplate, size: number, { problems }: CombinationContext): void {
  const message = `the overrides turn stage ${spec.id} into ${pluralize(size, 'cell')}`;
  const expected = `at most ${problems.budget.most('cells')}`;
  problems.add({ code: 'matrix-too-large', message, expected, location: spec.location, atKey: true });
}
