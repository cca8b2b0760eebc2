import type { SourceLocation, Located } from '../source/location.ts';
import type { MatrixSpec, StageSpec, SweptAxis } from './spec.ts';

/**
 * Says whether a stage's matrix lists an axis itself, not only in include.
 *
 * @param stage - the stage
 * @param axis - name of the axis
 * @returns true when it does
 */
export function listsAxis(stage: StageSpec, axis: string): boolean {
  if (!stage.matrix) return false;
  const { axes, zip } = stage.matrix;
  return axes.has(axis) || zip.has(axis) || (axis === 'seed' && axes.has('seeds'));
}

/**
 * Copies a map without some keys.
 *
 * @param map - the map
 * @param keys - keys to leave out
 * @returns the copy
 */
export function without<T>(map: ReadonlyMap<string, T>, ...keys: readonly string[]): Map<string, T> {
  const copy = new Map(map);
  for (const key of keys) copy.delete(key);
  return copy;
}

/**
 * Gives an axis other values, whether the matrix lists it or not; what include says of values that are gone is dropped.
 *
 * @param stage - the stage
 * @param axis - name of the axis; `seeds` counts seeds
 * @param written - its values
 * @returns the stage with the axis
 */
export function replaceAxis(stage: StageSpec, axis: string, written: Located): StageSpec {
  const matrix = stage.matrix ?? emptyMatrix(written.location);
  const aliases = axis === 'seed' || axis === 'seeds' ? ['seed', 'seeds'] : [axis];
  const replaced = axis === 'seeds' ? 'seed' : axis;
  return {
    ...stage,
    matrix: {
      ...matrix,
      axes: without(matrix.axes, ...aliases).set(axis, written),
      zip: without(matrix.zip, ...aliases),
      replaced: new Set([...matrix.replaced, replaced]),
    },
  };
}

const emptyMatrix = (location: SourceLocation): MatrixSpec => ({
  location,
  axes: new Map(),
  zip: new Map(),
  zipLocation: location,
  include: [],
  exclude: [],
  replaced: new Set(),
});

/**
 * Puts an axis over whatever the matrix gives.
 *
 * @param stage - the stage
 * @param axis - name of the axis
 * @param swept - its values
 * @returns the stage with the axis
 */
export function sweepStage(stage: StageSpec, axis: string, swept: SweptAxis): StageSpec {
  return { ...stage, with: without(stage.with, axis), swept: new Map(stage.swept).set(axis, swept) };
}

/**
 * Says whether include gives an axis to cells of a stage.
 *
 * @param stage - the stage
 * @param axis - name of the axis
 * @returns true when it does
 */
export function includesAxis(stage: StageSpec, axis: string): boolean {
  return stage.matrix?.include.some(({ value }) => Object.hasOwn(value, axis)) === true;
}
