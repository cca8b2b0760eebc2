import type { Located } from '../source/location.ts';
import type { Shape } from './shape.ts';
import type { SearchSpec } from './spec.ts';

/** Keys of a search beside its parameters, in the order in which the manual tells them. */
export const searchKeys = ['method', 'sampler', 'trials', 'seed', 'metric', 'rungs', 'eta'] as const;

/**
 * Reads the search of a stage.
 *
 * @param written - what stands under `search`
 * @param what - what messages call it
 * @param shape - takes what is wrong
 * @returns the search, its values not yet interpolated; undefined where there is none
 */
export function readSearch(written: Located | undefined, what: string, shape: Shape): SearchSpec | undefined {
  if (!written || !shape.mapping(written, what)) return undefined;
  const { location } = written;
  const fields = shape.fields(written, what, [...searchKeys, 'parameters']);
  shape.required(fields, { what, location, keys: ['method', 'parameters'] });
  const parameters = shape.named(fields.get('parameters'), `parameters of ${what}`);
  return { location, fields: new Map([...fields].filter(([key]) => key !== 'parameters')), parameters };
}
