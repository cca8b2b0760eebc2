import type { Json, JsonObject } from '../core/json.ts';
import { none, plainJson, valueText } from './labels.ts';
import { lookUp, type CellIndex } from './lookup.ts';
import type { RowGroup } from './row-groups.ts';

/** What a name that a cell does not have answers to: a switch that is not there is off. */
const absentValues: readonly Json[] = [null, none, false];

/**
 * Says whether a row is what a baseline or a published row names: all its cells have the values. A cell may be named by
 * its id, its model, or as the row's label writes it.
 *
 * @param index - the plan's cells
 * @param group - a row
 * @param wanted - values by name; a name that a cell does not have is `none`, null or false
 * @returns true when every name answers to its value
 */
export function hasValues(index: CellIndex, group: RowGroup, wanted: JsonObject): boolean {
  const agrees = ([name, value]: readonly [string, Json]): boolean => {
    const label = group.labels.find((known) => known.name === name)?.text;
    return group.cells.every((cell) => {
      const found = lookUp(index, cell, name);
      if (found === undefined || found === null) return absentValues.includes(value);
      const is = JSON.stringify(plainJson(found)) === JSON.stringify(value) || valueText(found) === value;
      return is || label === value || lookUp(index, cell, `${name}.model`) === value;
    });
  };
  return Object.entries(wanted).every(agrees);
}

/**
 * A row's labels in one text.
 *
 * @param group - a row
 * @returns e.g. `model=resnet8, kd_method=none`
 */
export function groupText(group: RowGroup): string {
  return group.labels.map(({ name, text }) => `${name}=${text}`).join(', ');
}
