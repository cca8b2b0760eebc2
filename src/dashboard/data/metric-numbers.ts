import type { JsonObject } from '../../core/json.ts';
import { metricAt, metricPaths } from '../../core/metrics.ts';

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
