import { seedAxis } from '../../cells/factors.ts';
import type { RunData, StageData } from './run-data.ts';
import type { SweepRow } from './sweep.ts';

/** What every label of a stage is the same in all rows says nothing: the names in which rows differ, by their places. */
function tellingPlaces({ names, rows }: StageData): readonly number[] {
  return [...names.keys()].filter((at) => new Set(rows.map(({ labels }) => labels[at])).size > 1);
}

/** Gives the words that tell a row from others of its stage. */
function wordsIn(stage: StageData): (row: Pick<SweepRow, 'labels'>) => readonly string[] {
  const telling = tellingPlaces(stage);
  return ({ labels }) => telling.map((at) => `${stage.names[at] ?? ''}=${labels[at] ?? ''}`);
}

const namers = new WeakMap<StageData, (row: Pick<SweepRow, 'labels'>) => readonly string[]>();

/**
 * Names a row by what tells it from others of its stage.
 *
 * @param row - of the stage
 * @param stage - the stage, all of whose rows are looked at once
 * @returns e.g. `kd_method=AT, kd_ratio=0.5`; the name of its first cell where nothing does
 */
export function rowName(row: Pick<SweepRow, 'labels' | 'key'>, stage: StageData): string {
  const wordsOf = namers.get(stage) ?? wordsIn(stage);
  namers.set(stage, wordsOf);
  const words = wordsOf(row);
  return words.length > 0 ? words.join(', ') : row.key;
}

/**
 * Names cells by what tells them apart, which is shorter than their ids.
 *
 * @param run - its stages and cells
 * @returns names by id: `student kd_method=AT, kd_ratio=0.5, seed=0`
 */
export function shortNames(run: Pick<RunData, 'stages' | 'cells'>): ReadonlyMap<string, string> {
  const { stages, cells } = run;
  const found = new Map<string, string>();
  for (const stage of stages) {
    const wordsOf = wordsIn(stage);
    for (const { labels, cells: places } of stage.rows) {
      const words = wordsOf({ labels });
      for (const place of places) {
        const cell = cells[place];
        if (!cell) continue;
        const seed = places.length > 1 ? cell.axes[seedAxis]?.replace(/^json /, `${seedAxis}=`) : undefined;
        const all = seed === undefined ? words : [...words, seed];
        // Several cells of a row whose seeds are those of what they read: only the id tells them apart.
        found.set(cell.id, all.length > 0 ? `${stage.id} ${all.join(', ')}` : cell.id);
      }
    }
  }
  return found;
}
