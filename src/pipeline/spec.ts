import type { Json, JsonObject } from '../core/json.ts';
import { CellReference, ReferenceText, type Value } from '../core/plan.ts';
import type { Site, Written } from './site.ts';

/** Values by name, in the order in which they were written. */
export type WrittenMap = ReadonlyMap<string, Written>;

/** A matrix as written: not yet interpolated. The key `seeds` among the axes is short for an axis `seed`. */
export interface MatrixSpec {
  readonly site: Site;
  readonly axes: WrittenMap;
  readonly zip: WrittenMap;
  readonly zipSite: Site;
  readonly include: readonly Written<JsonObject>[];
  readonly exclude: readonly Written<JsonObject>[];
  /** Axes whose values an override replaced. */
  readonly replaced: ReadonlySet<string>;
}

/** Values that an override gives to an axis which the matrix itself does not list. */
export interface SweptAxis {
  readonly values: readonly Json[];
  readonly site: Site;
}

/** A stage as written. */
export interface StageSpec {
  readonly id: string;
  readonly site: Site;
  /** Undefined when it is missing or no text. */
  readonly uses: Written<string> | undefined;
  readonly with: WrittenMap;
  /** Undefined for a stage without a matrix. */
  readonly matrix: MatrixSpec | undefined;
  /** `cpu`, `gpu`, `memory`, `time`. */
  readonly resources: WrittenMap;
  readonly retry: Written | undefined;
  readonly timeout: Written | undefined;
  /** Axes that overrides put over whatever the matrix gives. */
  readonly swept: ReadonlyMap<string, SweptAxis>;
}

/** A table as written. */
export interface TableSpec {
  readonly name: string;
  readonly site: Site;
  readonly from: readonly Written<string>[];
  readonly rows: readonly Written<string>[];
  readonly columns: readonly Written<string>[];
  readonly title: Written<string> | undefined;
  readonly compare: { readonly baseline: Written<JsonObject>; readonly on: Written<string> } | undefined;
  readonly published: Written<string> | undefined;
  readonly template: Written<string> | undefined;
  readonly into: Written<string> | undefined;
  /** Which of `from`, `rows` and `columns` are empty lists. */
  readonly empty: readonly string[];
}

/** A plot as written. */
export interface PlotSpec {
  readonly name: string;
  readonly site: Site;
  readonly from: readonly Written<string>[];
  readonly series: readonly Written<string>[];
  /** Undefined when they are missing or no text. */
  readonly x: Written<string> | undefined;
  readonly y: Written<string> | undefined;
  readonly into: Written<string> | undefined;
  readonly scale: Written<string> | undefined;
  readonly title: Written<string> | undefined;
  readonly baseline: Written<JsonObject> | undefined;
  readonly template: Written<string> | undefined;
  /** Which of `from` and `series` are empty lists. */
  readonly empty: readonly string[];
}

/** A pipeline file whose structure has been checked. */
export interface PipelineSpec {
  readonly name: string;
  readonly description: string;
  readonly params: WrittenMap;
  /** Defaults of environment variables, as text. */
  readonly env: ReadonlyMap<string, string>;
  /** By kind. */
  readonly defaults: ReadonlyMap<string, { readonly site: Site; readonly params: WrittenMap }>;
  readonly stages: ReadonlyMap<string, StageSpec>;
  readonly tables: readonly TableSpec[];
  readonly plots: readonly PlotSpec[];
  /** Values of params that an override sweeps: every stage that uses one gets an axis of its name. */
  readonly swept: ReadonlyMap<string, SweptAxis>;
}

/**
 * Names what a value is, for messages.
 *
 * @param value - any value
 * @returns `a list`, `a mapping`, `nothing` or the value itself as JSON, cut when it is long
 */
export function shown(value: Value): string {
  if (value === null) return 'nothing';
  if (value instanceof CellReference) return `a reference to ${value.cell}`;
  if (value instanceof ReferenceText) return 'a text with a reference in it';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}
