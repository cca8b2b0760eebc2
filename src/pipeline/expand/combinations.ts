import { pluralize } from '../../util/text.ts';
import { axisValue, expandMatrix, type AxisValue, type Combination, type MatrixValues } from './matrix.ts';
import { MOST_CELLS } from './range.ts';
import type { SweptAxis } from '../read/spec.ts';
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
): readonly Combination[] {
  let all = combinations;
  for (const [name, { values, location }] of axes) {
    const axis: readonly AxisValue[] = values.map((value) => axisValue(value, location));
    all = all.flatMap((combination) => axis.map((value) => new Map(combination).set(name, value)));
  }
  return all;
}

/** Refuses a product that would fill the memory. */
function isTooLarge({ groups }: MatrixValues, { spec }: StageTemplate, { problems }: CombinationContext): boolean {
  const size = groups.reduce((product, { rows }) => product * rows.length, 1);
  if (size <= MOST_CELLS) return false;
  problems.add({
    code: 'matrix-too-large',
    message: `the matrix of stage ${spec.id} stands for ${size} cells`,
    expected: `at most ${MOST_CELLS}`,
    location: spec.matrix?.location ?? spec.location,
    atKey: true,
  });
  return true;
}

/** The combinations of a stage's matrix for one choice of swept params. */
function ofMatrix(
  stage: StageTemplate,
  values: Combination,
  context: CombinationContext,
): readonly Combination[] | undefined {
  if (!stage.matrix) return single;
  const matrix = stage.matrix({ values });
  if (!matrix || isTooLarge(matrix, stage, context)) return undefined;
  const { world, problems } = context;
  const { combinations, unmatched } = expandMatrix(matrix, (value, keys) => world.follow(value, keys));
  for (const { location } of unmatched) {
    problems.add({
      code: 'include-without-cell',
      message: 'this entry of include matches no cell, and cannot become one because it names a key of another cell',
      expected: 'keys that match a combination',
      location,
    });
  }
  if (combinations.length > 0) return combinations;
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
  const sweeps = [...context.swept].filter(([name]) => stage.names.sweeps.has(name));
  const all: Combination[] = [];
  for (const sweep of withAxes(single, sweeps)) {
    const combinations = ofMatrix(stage, sweep, context);
    if (!combinations) return undefined;
    for (const combination of combinations)
      all.push(sweep.size === 0 ? combination : new Map([...sweep, ...combination]));
  }
  const swept = withAxes(all, [...stage.spec.swept]);
  if (swept.length <= MOST_CELLS) return swept;
  const message = `the overrides turn stage ${stage.spec.id} into ${pluralize(swept.length, 'cell')}`;
  context.problems.add({
    code: 'matrix-too-large',
    message,
    expected: `at most ${MOST_CELLS}`,
    location: stage.spec.location,
    atKey: true,
  });
  return undefined;
}
