import { Command } from 'commander';
import { fail } from '../../core/failure.ts';
import { compareRuns } from '../../dashboard/data/compare-runs.ts';
import { metricDifferences, parameterDifferences, type Placed } from '../../dashboard/data/compare.ts';
import { metricNames } from '../../dashboard/data/sweep.ts';
import { openProject } from '../../project/project.ts';
import { metricJson, parameterJson, rowsText, runsText } from '../compare/comparison-text.ts';
import { findSides, type RowSide, type RunSide } from '../compare/sides.ts';
import { examples, jsonOption, selectorOption, setOption } from '../options.ts';
import { columns, print, printJson } from '../terminal.ts';

interface Flags {
  readonly metric?: readonly string[];
  readonly set?: readonly string[];
  readonly json?: boolean;
}

/**
 * `kdpipe compare`: how two runs, two rows of cells, or a run and a commit differ: in parameters, and in metrics with the
 * interval of their difference.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('compare')
    .argument('<a>', 'a run, a pipeline (its latest run), a stage or cell, RUN:CELL, or a commit of the pipeline file')
    .argument('<b>', 'another')
    .addOption(selectorOption('--metric <name>', 'this metric; by default those of the pipeline’s tables and plots'))
    .addOption(setOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        "kdpipe compare 'score[of.kd_method=AT]' 'score[of.kd_method=MGD]'",
        'kdpipe compare 20261201T090000000Z-0a1b2c study --metric test.accuracy',
        'kdpipe compare study HEAD~1 --json',
      ),
    )
    .action(async (a: string, b: string, flags: Flags) => {
      const [one, other] = await findSides(openProject(), [a, b], flags.set);
      if (one.is === 'run' && other.is === 'run') tellRuns(one, other, flags);
      else if (one.is === 'cells' && other.is === 'cells') tellRows(one, other, flags);
    });
}

/** Refuses a metric that neither side has: a table without lines would say that nothing differs. */
function requireMetrics(wanted: readonly string[] | undefined, known: readonly string[]): void {
  const unknown = wanted?.filter((name) => !known.includes(name)) ?? [];
  if (unknown.length > 0)
    fail({
      code: 'unknown-metric',
      message: `neither side has a metric called ${unknown.join(', ')}`,
      expected: known.length > 0 ? known.join(', ') : 'cells with metrics',
    });
}

function tellRuns(a: RunSide, b: RunSide, { metric, json }: Flags): void {
  requireMetrics(metric, metricNames([a.live, b.live], []));
  const found = compareRuns(a.live, b.live, metric);
  if (json) {
    const { parameters, onlyOurs, onlyTheirs, rows, same } = found;
    printJson({
      a: { run: a.name, said: a.said },
      b: { run: b.name, said: b.said },
      parameters: parameters.map((one) => ({ stage: one.stage, cells: one.cells, ...parameterJson(one) })),
      onlyA: onlyOurs,
      onlyB: onlyTheirs,
      rows: rows.map(({ stage, row, metrics }) => ({ stage, row, metrics: metrics.map(metricJson) })),
      same,
    });
  } else {
    const heads = columns([
      ['A', a.name, a.said],
      ['B', b.name, b.said],
    ]);
    print(`${heads}\n\n${runsText(found)}`);
  }
}

const placedIn = ({ live, row }: RowSide): Placed | undefined => row.cells[0] && { run: live, cell: row.cells[0] };

function tellRows(a: RowSide, b: RowSide, { metric, json }: Flags): void {
  const known = metricNames([a.row, b.row], [...new Set([...a.stage.shown, ...b.stage.shown])]);
  requireMetrics(metric, known);
  const [one, other] = [placedIn(a), placedIn(b)];
  const parameters = one && other ? parameterDifferences(one, other) : [];
  const metrics = metricDifferences(a.row, b.row, metric ?? known);
  if (json) {
    const side = ({ name, run, row }: RowSide): object => ({ name, run, cells: row.cells.map(({ id }) => id) });
    printJson({ a: side(a), b: side(b), parameters: parameters.map(parameterJson), metrics: metrics.map(metricJson) });
  } else {
    const heads = columns([
      ['A', a.name, `run ${a.run}`],
      ['B', b.name, `run ${b.run}`],
    ]);
    print(`${heads}\n\n${rowsText(parameters, metrics)}`);
  }
}
