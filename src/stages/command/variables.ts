/**
 * The environment variable that holds the path of an input.
 *
 * @param name - the input's name in `inputs`, e.g. `val-data`
 * @returns e.g. `KDPIPE_INPUT_VAL_DATA`
 */
export function inputVariable(name: string): string {
  return `KDPIPE_INPUT_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
}

/**
 * Puts variables of kdpipe into an argument, for programs that take a folder or a seed as an option: `$(NAME)`, as
 * Kubernetes writes it. Nothing else is replaced, neither other variables nor names of kdpipe's that are not set.
 *
 * @param text - an argument, e.g. `--out=$(KDPIPE_OUT)`
 * @param env - variables of the program
 * @returns the argument, e.g. `--out=/store/draft`
 */
export function withVariables(text: string, env: NodeJS.ProcessEnv): string {
  return text.replaceAll(/\$\((KDPIPE_[A-Z0-9_]+)\)/g, (whole, name: string) => env[name] ?? whole);
}
