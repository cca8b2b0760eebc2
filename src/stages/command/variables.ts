/**
 * The environment variable that holds the path of an input.
 *
 * @param name - the input's name in `inputs`, e.g. `val-data`
 * @returns e.g. `KDPIPE_INPUT_VAL_DATA`
 */
export function inputVariable(name: string): string {
  return `KDPIPE_INPUT_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
}
