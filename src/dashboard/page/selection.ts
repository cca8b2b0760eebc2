import { useState } from 'preact/hooks';

/** Rows that are chosen to be compared: two at most, the latest of each stage. */
export interface Selection {
  readonly stage: string;
  readonly grouped: boolean;
  /** Keys of rows. */
  readonly rows: readonly string[];
}

/** The selection, and what changes it. */
export interface Selecting {
  readonly selection: Selection;
  readonly toggle: (stage: string, grouped: boolean, row: string) => void;
  readonly set: (selection: Selection) => void;
}

/**
 * Keeps what is chosen while views change.
 *
 * @returns the selection
 */
export function useSelection(): Selecting {
  const [selection, set] = useState<Selection>({ stage: '', grouped: true, rows: [] });
  const toggle: Selecting['toggle'] = (stage, grouped, row) =>
    set((before) => {
      const rows = before.stage === stage && before.grouped === grouped ? before.rows : [];
      const next = rows.includes(row) ? rows.filter((one) => one !== row) : [...rows, row].slice(-2);
      return { stage, grouped, rows: next };
    });
  return { selection, toggle, set };
}
