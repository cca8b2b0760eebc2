import type { JsonObject } from '../../core/json.ts';
import { catalogue } from '../../stages/catalogue.ts';
import { metricAt } from '../../core/metrics.ts';

/**
 * The images that a share is taken over: `images` beside the metric, or in a group around it.
 *
 * @param metrics - nested metrics of a result
 * @param path - dotted path of a metric, its last name one of `kdpipe list metrics`
 * @returns their number; undefined for a metric that is no share of images, and where the result does not say
 */
export function imagesOf(metrics: JsonObject, path: string): number | undefined {
  const names = path.split('.');
  const last = names.pop() ?? '';
  if (catalogue()['metrics']?.[last]?.['share'] !== true) return undefined;
  for (let depth = names.length; depth >= 0; depth--) {
    const images = metricAt(metrics, [...names.slice(0, depth), 'images'].join('.'));
    if (typeof images === 'number' && images > 0) return images;
  }
  return undefined;
}
