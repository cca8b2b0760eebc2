import type { StageKind } from './stage-kind.ts';

type Kinds = Readonly<Record<string, StageKind>>;

/** Names that `uses` and `defaults` take: those of kinds, and their synonyms. */
export interface KindNames {
  /** Kinds in the order of their registry, then synonyms. */
  readonly all: readonly string[];
  /** The kind that is meant by each synonym. */
  readonly synonyms: ReadonlyMap<string, string>;
}

/**
 * The names of kinds. A synonym is only read: cells, keys and messages have the kind's own name.
 *
 * @param kinds - the registered kinds
 * @returns their names and synonyms
 */
export function kindNamesOf(kinds: Kinds): KindNames {
  const synonyms = new Map(
    Object.values(kinds).flatMap(({ name, synonyms: own = [] }) => own.map((synonym) => [synonym, name] as const)),
  );
  return { all: [...Object.keys(kinds), ...synonyms.keys()], synonyms };
}
