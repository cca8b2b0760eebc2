import type { Reporter, ReporterOptions } from './reporter.ts';

/** One reporter: what it is for, and its module, loaded only when it is chosen. */
export interface ReporterEntry {
  readonly summary: string;
  readonly create: (options: ReporterOptions) => Promise<Reporter>;
}

/** Every reporter. A new one is one file in this folder and one line here. */
export const reporters = {
  tree: {
    summary: 'a live view of what runs, for a terminal',
    create: async (options) => (await import('./tree.ts')).treeReporter(options),
  },
  lines: {
    summary: 'one plain line for each thing that matters, for logs and CI',
    create: async (options) => (await import('./lines.ts')).linesReporter(options),
  },
  ndjson: {
    summary: 'every event as one line of JSON on standard output',
    create: async (options) => (await import('./ndjson.ts')).ndjsonReporter(options),
  },
  silent: {
    summary: 'nothing',
    create: async () => (await import('./silent.ts')).silentReporter(),
  },
} satisfies Record<string, ReporterEntry>;

/** A registered reporter's name. */
export type ReporterName = keyof typeof reporters;

/**
 * Chooses the reporter for progress on standard error: a live view needs a terminal that can move its cursor and a
 * person in front of it.
 *
 * @param terminal - whether standard error is a terminal
 * @param environment - environment variables: `CI` and `TERM` count
 * @returns `tree` or `lines`
 */
export function reporterFor(
  terminal: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): ReporterName {
  const inCi = environment['CI'] !== undefined && environment['CI'] !== '' && environment['CI'] !== 'false';
  return terminal && !inCi && environment['TERM'] !== 'dumb' ? 'tree' : 'lines';
}
