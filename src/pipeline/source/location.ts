import type { Json } from '../../core/json.ts';

/** A path into a pipeline file: keys of mappings, indices of lists. */
export type Path = readonly (string | number)[];

/** Where something was written: in the pipeline file, or in an override of the command line (its text). */
export interface SourceLocation {
  readonly path: Path;
  readonly override?: string;
}

/** A value as it was written, with its place. */
export interface Located<T extends Json = Json> {
  readonly value: T;
  readonly location: SourceLocation;
}

/**
 * The place of an entry of a mapping or list.
 *
 * @param location - place of the mapping or list
 * @param keys - keys or indices that lead to the entry
 * @returns place of the entry
 */
export function inside(location: SourceLocation, ...keys: Path): SourceLocation {
  return { ...location, path: [...location.path, ...keys] };
}
