import type { Json } from '../core/json.ts';

/** A path into a pipeline file: keys of mappings, indices of lists. */
export type Path = readonly (string | number)[];

/** Where something was written: in the pipeline file, or in an override of the command line (its text). */
export interface Site {
  readonly path: Path;
  readonly override?: string;
}

/** A value as it was written, with its place. */
export interface Written<T extends Json = Json> {
  readonly value: T;
  readonly site: Site;
}

/**
 * The place of an entry of a mapping or list.
 *
 * @param site - place of the mapping or list
 * @param keys - keys or indices that lead to the entry
 * @returns place of the entry
 */
export function inside(site: Site, ...keys: Path): Site {
  return { ...site, path: [...site.path, ...keys] };
}
