import type { EpochRow } from './training-state.ts';

const COLUMNS = ['epoch', 'lr', 'train_loss', 'kd_loss', 'val_loss', 'val_accuracy', 'val_mpa'] as const;

/**
 * The course of a training as CSV, one row an epoch, every number in full; no times, so that equal runs give equal bytes.
 *
 * @param history - all epochs
 * @returns the file's text; a number that does not exist is an empty field
 */
export function curvesOf(history: readonly EpochRow[]): string {
  const rows = history.map((row) => COLUMNS.map((column) => String(row[column] ?? '')).join());
  return [COLUMNS.join(), ...rows, ''].join('\n');
}

const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;

function line({ epoch, lr, ...row }: EpochRow): string {
  const facts = [`lr ${lr.toExponential(2)}`, `loss ${row.train_loss.toFixed(4)}`];
  if (row.kd_loss !== null) facts.push(`kd ${row.kd_loss.toPrecision(4)}`);
  if (row.val_loss !== null) facts.push(`val loss ${row.val_loss.toFixed(4)}`);
  if (row.val_accuracy !== null) facts.push(`val accuracy ${percent(row.val_accuracy)}`);
  if (row.val_mpa !== null) facts.push(`val mpa ${percent(row.val_mpa)}`);
  return `epoch ${epoch}: ${facts.join(', ')}`;
}

/**
 * The course of a training for people; no times, as in {@link curvesOf}.
 *
 * @param history - all epochs
 * @param best - the epoch whose weights were kept
 * @returns the file's text
 */
export function logOf(history: readonly EpochRow[], best: EpochRow): string {
  return [...history.map(line), `kept epoch ${best.epoch}`, ''].join('\n');
}
