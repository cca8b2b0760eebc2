import { InvalidArgumentError, Option } from 'commander';
import { allExecutors } from '../executors/registry.ts';

const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

/**
 * `-S key=value`, as often as wanted.
 *
 * @returns the option
 */
export function setOption(): Option {
  return new Option('-S, --set <key=value>', 'override a parameter; a list sweeps: -S kd_ratio=0.1,0.3').argParser(
    collect,
  );
}

/**
 * An option that takes a stage selector and can be given several times.
 *
 * @param flags - as commander writes them: `--only <stage>`
 * @param description - for `--help`
 * @returns the option
 */
export function selectorOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(collect);
}

/**
 * Examples for the end of a command's `--help`.
 *
 * @param lines - command lines
 * @returns the text
 */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/**
 * `--json`: the answer as JSON on standard output.
 *
 * @returns the option
 */
export function jsonOption(): Option {
  return new Option('--json', 'print JSON');
}

/**
 * `--executor`: where stages run.
 *
 * @returns the option
 */
export function executorOption(): Option {
  const summaries = Object.entries(allExecutors).map(([name, { summary }]) => `${name}: ${summary}`);
  return new Option(
    '--executor <name>',
    `where stages run, by default as the pipeline says, or local; ${summaries.join('; ')}`,
  ).choices(Object.keys(allExecutors));
}

/**
 * Reads a positive whole number from the command line.
 *
 * @param text - as typed
 * @returns the number, at least 1
 * @throws InvalidArgumentError for anything else
 */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number of at least 1');
  return value;
}

/**
 * Reads a whole number from the command line.
 *
 * @param text - as typed
 * @returns the number, at least 0
 * @throws InvalidArgumentError for anything else
 */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('expected a whole number of at least 0');
  return Number(text);
}

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const bytesOf: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/**
 * Reads an age like `12h` or `30d`.
 *
 * @param text - a number and one of s, m, h, d, w
 * @returns seconds
 * @throws InvalidArgumentError for anything else
 */
export function ageArgument(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text) ?? [];
  if (amount === undefined) throw new InvalidArgumentError('expected a number and a unit: 90s, 15m, 12h, 30d, 2w');
  return Number(amount) * (secondsOf[unit] ?? 1);
}

/**
 * Reads a size like `500M` or `10GB`.
 *
 * @param text - a number and, if wanted, one of k, M, G, T (1024 each)
 * @returns bytes
 * @throws InvalidArgumentError for anything else
 */
export function sizeArgument(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([kmgt]?)(?:i?b)?$/i.exec(text) ?? [];
  if (amount === undefined) throw new InvalidArgumentError('expected a number and a unit: 500M, 10G');
  return Number(amount) * (bytesOf[unit.toLowerCase()] ?? 1);
}
