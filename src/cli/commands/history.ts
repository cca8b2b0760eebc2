import { Command } from 'commander';
import { metricAt } from '../../core/metrics.ts';
import { historyOf, type CellHistory, type PastResult } from '../../project/history.ts';
import { openProject } from '../../project/project.ts';
import { briefNumber, headline } from '../../ui/progress-text.ts';
import { duration } from '../../util/duration.ts';
import { pluralize } from '../../util/text.ts';
import { examples, jsonOption, selectorOption } from '../options.ts';
import { columns, print, printJson } from '../terminal.ts';

interface Flags {
  readonly run?: string;
  readonly metric?: readonly string[];
  readonly json?: boolean;
}

/**
 * `kdpipe history`: the results of a stage over all runs: when, under which key, what changed, and metrics.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('history')
    .argument('<stage>', 'stage, cell or stage[axis=value]')
    .option('--run <pipeline>', 'a pipeline’s name; by default the one that ran last of those that have such cells')
    .addOption(selectorOption('--metric <name>', 'this metric; by default the one that tells most'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples('kdpipe history teacher', "kdpipe history 'student[seed=0]' --metric val.accuracy --metric val.nll"),
    )
    .action((stage: string, flags: Flags) => {
      const found = historyOf(openProject(), stage, flags.run);
      if (flags.json) printJson(found);
      else print(found.cells.map((cell) => historyText(cell, flags.metric)).join('\n\n'));
    });
}

/** To the second, as names of runs have it. */
const timeText = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}Z`;

function metricsText({ metrics, failure }: PastResult, wanted: readonly string[] | undefined): string {
  if (failure) return failure.message;
  if (!metrics) return '';
  if (!wanted) return headline(metrics);
  return wanted
    .map((name) => {
      const value = metricAt(metrics, name);
      return `${name} ${typeof value === 'number' ? briefNumber(value) : '–'}`;
    })
    .join('  ');
}

/** A cell's results, a line each; further changes stand below. */
function historyText({ cell, results }: CellHistory, wanted: readonly string[] | undefined): string {
  if (results.length === 0) return `${cell}\n  no result in any run`;
  const rows = results.flatMap((result) => {
    const { at, key, state, seconds, again, changes } = result;
    const [first = '', ...others] = changes;
    const took = seconds === undefined ? '' : duration(seconds);
    const how = again > 0 ? `${state}, reused in ${pluralize(again, 'run')}` : state;
    const line = [timeText(at), key?.slice(0, 12) ?? '–', how, took, metricsText(result, wanted), first];
    return [line, ...others.map((change) => ['', '', '', '', '', change])];
  });
  const lines = columns(rows).split('\n');
  return [cell, ...lines.map((line) => `  ${line}`.trimEnd())].join('\n');
}
