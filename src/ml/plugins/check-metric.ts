import { classification } from '../metrics/classification.ts';
import type { Predictions } from '../metrics/probabilities.ts';
import type { Metric } from '../metrics/registry.ts';
import { someNumbers } from './check-loss.ts';
import { refusing } from './refusing.ts';

const LABELS = [0, 1, 2, 1, 0, 2];
const CLASSES = 3;

const somePredictions = (): Predictions => ({
  logits: Float32Array.from(someNumbers(LABELS.length * CLASSES, 4)),
  labels: Int32Array.from(LABELS),
  classes: CLASSES,
});

const numbersIn = ({ logits, labels }: Predictions): string => [...logits, ...labels].join();

/**
 * A plugin's metric whose values are numbers.
 *
 * @param name - in pipelines
 * @param metric - as the plugin has it
 * @param shown - the plugin's file, as failures show it
 * @returns the metric; `value` throws `invalid-plugin` where it is anything but a finite number
 */
export function numeric(name: string, metric: Metric, shown: string): Metric {
  const refuse = refusing(`metrics.${name}`, shown, 'a finite number of any predictions of at least one image');
  const value = (...judged: Parameters<Metric['value']>): number => {
    let made: unknown;
    try {
      made = metric.value(...judged);
    } catch (error) {
      return refuse(error);
    }
    return typeof made === 'number' && Number.isFinite(made) ? made : refuse(`its value is ${String(made)}`);
  };
  return { ...metric, value };
}

/**
 * Tries a metric on a few images: it is a finite number, the same of the same predictions, and leaves them as they are.
 *
 * @param name - of the metric
 * @param metric - as `loadPlugin` gives it
 * @param shown - the plugin's file, as failures show it
 * @returns its value
 * @throws FailureError `invalid-plugin` with what is wrong
 */
export function checkMetric(name: string, metric: Metric, shown: string): number {
  const refuse = refusing(`metrics.${name}`, shown);
  const predictions = somePredictions();
  const valueOf = (of: Predictions): number | undefined => classification(of, { [name]: metric }).added[name];
  const value = valueOf(predictions) ?? NaN;
  if (numbersIn(predictions) !== numbersIn(somePredictions()))
    return refuse('it changes the predictions, which others read after it');
  return valueOf(predictions) === value ? value : refuse('it gives two values of the same predictions');
}
