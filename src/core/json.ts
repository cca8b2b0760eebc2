/** A JSON value: what parameters, metrics and manifests are made of. Numbers are finite. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON mapping. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/**
 * Tells a JSON mapping from the other JSON values.
 *
 * @param value - any value
 * @returns true for an object that is neither null nor an array
 */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Tells a list from the other values of JSON, or of a plan.
 *
 * @param value - any value
 * @returns true for an array
 */
export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
