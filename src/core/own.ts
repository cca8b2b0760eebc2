/**
 * Reads a mapping whose keys are names of users: `constructor` is a name like any other, and not what every object
 * inherits.
 *
 * @param values - by name
 * @param name - as somebody wrote it
 * @returns the mapping's own value; undefined where it has none
 */
export function ownValue<T>(values: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}
