/**
 * Quotes an argument for a POSIX shell: cell ids hold brackets.
 *
 * @param argument - any text
 * @returns the text as one word of a shell
 */
export function shellWord(argument: string): string {
  return /^[\w./:@%+-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * Writes a command of kdpipe as one could type it.
 *
 * @param verb - the command
 * @param file - the pipeline file
 * @param overrides - `-S` arguments
 * @returns e.g. `kdpipe run p.yaml -S 'epochs=1'`
 */
export function kdpipeCommand(verb: 'run' | 'report', file: string, overrides: readonly string[]): string {
  return ['kdpipe', verb, ...[file, ...overrides.flatMap((text) => ['-S', text])].map(shellWord)].join(' ');
}
