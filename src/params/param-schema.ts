import type { Json } from '../core/json.ts';

/**
 * JSON Schema (draft 2020-12 as ajv reads it) of one parameter, with three keywords of ours:
 *
 * - `x-input`: the parameter is a reference to a cell of one of these kinds; `output` is read unless the
 *   reference names another. A list of references where `many` is true, one or a list where it is `or-one`. Where `text`
 *   says what a text may be, a text is a value too: for kinds whose `needs` put a reference in its place.
 * - `x-inherits`: unless given, the parameter is what the cell behind the named one, which must stand before it, has
 *   under the same name, and nothing where that has no such parameter, or a list.
 * - `x-registry`: the names of that ml registry are the enum (`models`, `methods`, `datasets`, …), behind those that `enum`
 *   itself lists (`auto`); filled in by `npm run build:schemas`, because the runner half never loads the ml half.
 */
export interface ParamSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: Json;
  readonly 'x-input'?: {
    readonly kinds: readonly string[];
    readonly output?: string;
    readonly many?: boolean | 'or-one';
    readonly text?: string;
  };
  readonly 'x-inherits'?: string;
  readonly 'x-registry'?: string;
  readonly enum?: readonly Json[];
  /** Unit of a number, for docs: `epochs`, `pixels`, `seconds`. */
  readonly 'x-unit'?: string;
  /** Why nothing else is taken, a clause for messages. */
  readonly 'x-because'?: string;
  readonly [keyword: string]: unknown;
}

/** Schemas by the name of the parameter. */
export type ParamSchemas = Readonly<Record<string, ParamSchema>>;
