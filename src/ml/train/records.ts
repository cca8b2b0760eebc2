import type { EpochPace } from './job.ts';
import type { EpochRow } from './training-state.ts';

/**
 * Numbers of an epoch by the names of their columns; `kd_loss_<method>` is a distillation term without its weight.
 *
 * @param row - the epoch's numbers
 * @returns column → number, in order
 */
export function epochNumbers(row: EpochRow): Readonly<Record<string, number | null>> {
  const { epoch, lr, train_loss, kd_loss, kd_terms, val_loss, val_accuracy, val_mpa } = row;
  const terms = Object.entries(kd_terms).map(([name, value]) => [`kd_loss_${name}`, value] as const);
  return { epoch, lr, train_loss, kd_loss, ...Object.fromEntries(terms), val_loss, val_accuracy, val_mpa };
}

const rounded = (part: number): number => Math.round(1e4 * part) / 1e4;

/**
 * Where an epoch's time went, by the names of columns of the record that is no result.
 *
 * @param pace - the epoch's
 * @returns column → number
 */
export const paceNumbers = ({ imagesPerSecond, waiting, bringing }: EpochPace): Readonly<Record<string, number>> => ({
  images_per_second: Math.round(imagesPerSecond),
  waiting_for_images: rounded(waiting),
  bringing_images: rounded(bringing),
});

/**
 * The course of a training as CSV, one row an epoch, every number in full; no times, so that equal runs give equal bytes.
 *
 * @param history - all epochs
 * @returns the file's text; a number that does not exist is an empty field
 */
export function curvesOf(history: readonly EpochRow[]): string {
  const numbers = history.map(epochNumbers);
  const columns = Object.keys(numbers[0] ?? {});
  const rows = numbers.map((row) => columns.map((column) => String(row[column] ?? '')).join());
  return [columns.join(), ...rows, ''].join('\n');
}

const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;

/**
 * One epoch for people; no times, as in {@link curvesOf}.
 *
 * @param row - the epoch's numbers
 * @returns a line without its end
 */
export function epochLine(row: EpochRow): string {
  const { epoch, lr } = row;
  const facts = [`lr ${lr.toExponential(2)}`, `loss ${row.train_loss.toFixed(4)}`];
  if (row.kd_loss !== null) facts.push(`kd ${row.kd_loss.toPrecision(4)}`);
  if (row.val_loss !== null) facts.push(`val loss ${row.val_loss.toFixed(4)}`);
  if (row.val_accuracy !== null) facts.push(`val accuracy ${percent(row.val_accuracy)}`);
  if (row.val_mpa !== null) facts.push(`val mpa ${percent(row.val_mpa)}`);
  return `epoch ${epoch}: ${facts.join(', ')}`;
}

/**
 * The last line of a log.
 *
 * @param best - the epoch whose weights were kept
 * @returns a line without its end
 */
export function keptLine(best: Pick<EpochRow, 'epoch'>): string {
  return `kept epoch ${best.epoch}`;
}

/**
 * The course of a training for people, as the result keeps it.
 *
 * @param history - all epochs
 * @param best - the epoch whose weights were kept
 * @returns the file's text
 */
export function logOf(history: readonly EpochRow[], best: EpochRow): string {
  return [...history.map(epochLine), keptLine(best), ''].join('\n');
}
