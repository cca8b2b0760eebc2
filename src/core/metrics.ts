import { isJsonObject, type Json, type JsonObject } from './json.ts';
import { ownValue } from './own.ts';

/** Words of a metric's last name that say "less is better": losses, errors, calibration, times, costs. */
const lowerWords = new Set([
  'loss',
  'nll',
  'ece',
  'brier',
  'kl',
  'error',
  'errors',
  'perplexity',
  'seconds',
  'time',
  'latency',
  'parameters',
  'macs',
  'flops',
  'bytes',
  'memory',
]);

/**
 * Finds a metric by its dotted path; a name that itself holds dots is found too.
 *
 * @param metrics - nested metrics of a result
 * @param path - e.g. `test.tta.accuracy`
 * @returns the value; undefined when there is none, or when the path ends at a group of metrics
 */
export function metricAt(metrics: JsonObject, path: string): Json | undefined {
  if (Object.hasOwn(metrics, path)) {
    const value = metrics[path];
    return isJsonObject(value) ? undefined : value;
  }
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const head = path.slice(0, dot);
    const group = ownValue(metrics, head);
    const found = isJsonObject(group) ? metricAt(group, path.slice(dot + 1)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Lists the paths of all metrics.
 *
 * @param metrics - nested metrics of a result
 * @param prefix - put before every path
 * @returns dotted paths, in order
 */
export function metricPaths(metrics: JsonObject, prefix = ''): readonly string[] {
  return Object.entries(metrics).flatMap(([name, value]) =>
    isJsonObject(value) ? metricPaths(value, `${prefix}${name}.`) : [prefix + name],
  );
}

/**
 * Takes the numbers out of the metrics of a result.
 *
 * @param metrics - nested metrics
 * @returns numbers by dotted path, in order
 */
export function metricNumbers(metrics: JsonObject): Readonly<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const path of metricPaths(metrics)) {
    const value = metricAt(metrics, path);
    if (typeof value === 'number') found[path] = value;
  }
  return found;
}

/**
 * Knows by its name whether less of a metric is better.
 *
 * @param path - dotted path; the words of its last name count: `val.loss`, `train_seconds`
 * @returns true for losses, errors, times and costs
 */
export function lowerIsBetter(path: string): boolean {
  const last = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  return last.split(/[_\-\s]+/).some((word) => lowerWords.has(word));
}

/**
 * Writes a metric's name in words, as the original study does: test-time augmentation stands in brackets at the end.
 *
 * @param path - dotted path: `test.tta.accuracy`
 * @returns `test accuracy(TTA)`
 */
export function metricHead(path: string): string {
  const words = path.split('.');
  const plain = words.filter((word) => word !== 'tta').join(' ');
  return words.includes('tta') ? `${plain}(TTA)` : plain;
}
