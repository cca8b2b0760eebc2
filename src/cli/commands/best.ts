import { Command } from 'commander';
import { fail } from '../../core/failure.ts';
import { unwrap } from '../../core/result.ts';
import { findCells } from '../../cells/select.ts';
import { isOfTest, rankRows, type RankedRow } from '../../dashboard/data/best.ts';
import { LiveRun } from '../../dashboard/data/live-run.ts';
import { metricNames } from '../../dashboard/data/sweep.ts';
import { Runs } from '../../dashboard/server/runs.ts';
import { openProject } from '../../project/project.ts';
import { lowerIsBetter } from '../../core/metrics.ts';
import { decimalsOf, measuredText } from '../../report/tables/number-text.ts';
import { shellWord } from '../../util/shell-word.ts';
import { nameAdvice, pluralize } from '../../util/text.ts';
import { differenceCells, metricJson } from '../compare/comparison-text.ts';
import { examples, jsonOption, positiveInteger, selectorOption } from '../options.ts';
import { findRun } from '../recent-run.ts';
import { columns, print, printError, printJson } from '../terminal.ts';

interface Flags {
  readonly by: string;
  readonly among?: readonly string[];
  readonly run?: string;
  readonly top: number;
  readonly json?: boolean;
}

/**
 * `kdpipe best`: the best rows of a run by a metric, seeds together, and how sure their order is.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('best')
    .requiredOption('--by <metric>', 'dotted path of a metric of the validation split: val.accuracy')
    .addOption(selectorOption('--among <stage>', 'choose from these alone: stage, cell or stage[axis=value]'))
    .option('--run <run>', 'a pipeline’s name or a run; by default the latest run')
    .option('--top <n>', 'rows that are shown', positiveInteger, 10)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        'kdpipe best --by val.accuracy',
        "kdpipe best --by val.nll --among 'student[kd_method=DKD]' --top 3",
        'kdpipe export $(kdpipe best --by val.accuracy --json | jq -r .best.networks[0]) --to onnx',
      ),
    )
    .action((flags: Flags) => tell(flags));
}

function tell({ by, among, run: wanted, top, json }: Flags): void {
  const { runsFolder, store } = openProject();
  const past = findRun(runsFolder, wanted);
  const run = new LiveRun(new Runs(runsFolder, store).feed(past.run).snapshot().data);
  const ranked = rankRows(run, by, among && unwrap(findCells(past.plan.cells, among)));
  const [best] = ranked;
  if (!best) return failUnknown(run, by, past.run);
  const warnings = warningsOf(run, by, ranked);
  for (const warning of warnings) printError(`warning: ${warning}`);
  if (json) {
    printJson({
      run: past.run,
      by,
      lowerIsBetter: lowerIsBetter(by),
      warnings,
      best: rowJson(best),
      rows: ranked.map(rowJson),
    });
    return;
  }
  print(rankingText({ run: past.run, by, ranked, top }));
}

function failUnknown(run: LiveRun, by: string, name: string): never {
  const known = metricNames([run], []);
  const advice = nameAdvice(by, known);
  return fail({
    code: 'unknown-metric',
    message: `no cell that can be chosen has a metric called ${by} in run ${name}`,
    expected: 'the dotted path of a metric of its results',
    ...(advice !== undefined && { fix: advice }),
  });
}

/** What makes the choice worth less than it seems. */
function warningsOf(run: LiveRun, by: string, ranked: readonly RankedRow[]): readonly string[] {
  const said: string[] = [];
  if (isOfTest(by)) {
    const twin = by
      .split('.')
      .map((word) => (word === 'test' ? 'val' : word))
      .join('.');
    const instead = metricNames([run], []).includes(twin)
      ? `choose by ${twin}, and report ${by} of what was chosen`
      : 'have a split val evaluated, and choose by it';
    said.push(
      `${by} is of the test split: the best of ${pluralize(ranked.length, 'row')} by it is the luckiest too, and its number is no estimate of what it does on new images; ${instead}`,
    );
  }
  const missing = ranked.filter(({ measured }) => measured.n < measured.expected);
  if (missing.length > 0)
    said.push(`${pluralize(missing.length, 'row')} lack results of some seeds: their means are of the others`);
  const tied = ranked.filter(({ rank }) => rank === 1);
  if (tied.length > 1) said.push(`${tied.length} rows share the best mean: ${tied.map(({ row }) => row).join(' | ')}`);
  return said;
}

function rowJson({ behind, measured, ...row }: RankedRow): object {
  const { mean, sd, n, expected } = measured;
  return { ...row, mean, sd, n, expected, behind: behind ? metricJson(behind).difference : null };
}

interface Ranking {
  readonly run: string;
  readonly by: string;
  readonly ranked: readonly RankedRow[];
  readonly top: number;
}

function rankingText({ run, by, ranked, top }: Ranking): string {
  const decimals = decimalsOf(ranked.map(({ measured }) => measured.mean));
  const lines = ranked
    .slice(0, top)
    .map(({ rank, stage, row, measured, behind }) => [
      String(rank),
      stage,
      row,
      measuredText(measured, decimals),
      ...(behind ? differenceCells(behind, decimals) : []),
    ]);
  const [best] = ranked;
  const direction = lowerIsBetter(by) ? 'lower is better' : 'higher is better';
  const more = ranked.length > top ? [`… ${ranked.length - top} more`] : [];
  return [
    `run ${run}, ${direction}`,
    '',
    columns([['', 'stage', 'row', by, 'behind', '95 % interval', ''], ...lines]).replace(/ +$/gm, ''),
    ...more,
    '',
    ...(ranked.length > 1
      ? ['Rows that are not called worse are not told apart from the best: p ≥ 0.05, not corrected for their number.']
      : []),
    `best: ${(best?.networks ?? []).map(shellWord).join(' ')}`,
  ].join('\n');
}
