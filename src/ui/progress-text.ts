import type { Progress } from '../core/event.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { duration } from '../util/duration.ts';
import { printable } from '../util/printable.ts';

/** The metrics that tell most in one number, best first; where a stage has none of them its first number is shown. */
const telling = ['val.accuracy', 'test.accuracy', 'accuracy', 'val.loss', 'loss'];

/** Lists the numbers of nested metrics with their dotted paths, in order. */
function* numbers(metrics: JsonObject, prefix = ''): Generator<readonly [path: string, value: number]> {
  for (const [name, value] of Object.entries(metrics)) {
    if (typeof value === 'number') yield [prefix + name, value];
    else if (isJsonObject(value)) yield* numbers(value, `${prefix}${name}.`);
  }
}

/**
 * Puts a text on one line, without what would steer the terminal.
 *
 * @param text - any text
 * @returns the text with every run of white space as one blank
 */
export function oneLine(text: string): string {
  return printable(text.replace(/\s+/g, ' ')).trim();
}

/**
 * Writes a number with few digits: progress is read, not computed with.
 *
 * @param value - a finite number
 * @returns at most four digits, or the whole number
 */
export function briefNumber(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(4)));
}

/**
 * Names the metric that says most about a finished stage.
 *
 * @param metrics - the stage's metrics, nested at will
 * @returns e.g. `val.accuracy 0.93`; empty when there is no number
 */
export function headline(metrics: JsonObject): string {
  const all = new Map(numbers(metrics));
  const path = telling.find((name) => all.has(name)) ?? all.keys().next().value;
  const value = path === undefined ? undefined : all.get(path);
  return path === undefined || value === undefined ? '' : `${path} ${briefNumber(value)}`;
}

const megabytes = (bytes: number): number => Number((bytes / 1e6).toFixed(1));

const inMegabytes = ({ done, total }: Progress): Pick<Progress, 'done' | 'total' | 'unit'> => ({
  done: megabytes(done),
  total: megabytes(total),
  unit: 'MB',
});

/**
 * Says how far a stage is.
 *
 * @param progress - as the stage told it
 * @returns the facts that are known: `6/10 epochs`, `1369 img/s`, `5.1 MB/s`, `loss 0.412`, `ETA 12.0 s`
 */
export function progressFacts(progress: Progress): readonly string[] {
  const { imagesPerSecond, bytesPerSecond, loss, eta } = progress;
  const { done, total, unit } = progress.unit === 'bytes' ? inMegabytes(progress) : progress;
  const facts = [total > 0 ? `${briefNumber(done)}/${briefNumber(total)} ${unit}` : `${briefNumber(done)} ${unit}`];
  if (bytesPerSecond !== undefined) facts.push(`${megabytes(bytesPerSecond)} MB/s`);
  if (imagesPerSecond !== undefined) facts.push(`${imagesPerSecond.toFixed(imagesPerSecond < 100 ? 1 : 0)} img/s`);
  if (loss !== undefined) facts.push(`loss ${loss.toPrecision(3)}`);
  if (eta !== undefined) facts.push(`ETA ${duration(eta)}`);
  return facts;
}

/**
 * Draws a bar.
 *
 * @param fraction - from 0 to 1; values outside are clamped
 * @param columns - length of the bar
 * @returns e.g. `██████░░░░`
 */
export function bar(fraction: number, columns: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, fraction)) * columns);
  return '█'.repeat(filled) + '░'.repeat(columns - filled);
}
