import type { JsonObject } from '../../src/core/json.ts';
import { CellReference, type Cell, type Plan, type TablePlan, type ValueObject } from '../../src/core/plan.ts';
import type { Outcome, Outcomes } from '../../src/report/rows/rows.ts';
import type { ViewContext } from '../../src/report/tables/build-view.ts';

/** A cell with nothing but what tables look at. */
export function cell(id: string, axes: ValueObject = {}, params: ValueObject = {}): Cell {
  const stage = id.replace(/\[.*/, '');
  const resources = { cpu: 1, gpu: 0, memory: 0 };
  return { id, stage, kind: 'command', axes, params, needs: [], resources, retry: 0, timeout: 0 };
}

/** A reference to a cell. */
export const to = (id: string, output?: string): CellReference => new CellReference(id, output);

/** A plan of cells and tables; a table reads all cells unless told. */
export function plan(cells: readonly Cell[], ...tables: readonly Partial<TablePlan>[]): Plan {
  const whole = tables.map((table): TablePlan => ({
    name: 'results',
    rows: [],
    columns: ['test.accuracy'],
    template: 'markdown',
    cells: cells.map(({ id }) => id),
    ...table,
  }));
  return { name: 'study', description: 'A study.', file: 'study.yaml', params: {}, cells, tables: whole, plots: [] };
}

/** Results: metrics by cell, all of run `r1` unless told. */
export function outcomes(metrics: Readonly<Record<string, JsonObject>>, run = 'r1'): Outcomes {
  const one = ([id, values]: readonly [string, JsonObject]): [string, Outcome] => [
    id,
    { metrics: values, key: '0'.repeat(64), run },
  ];
  return new Map(Object.entries(metrics).map(one));
}

/** Metrics with a test accuracy. */
export const accuracy = (value: number): JsonObject => ({ test: { accuracy: value } });

/** What a table says beside its numbers. */
export const context: ViewContext = {
  provenance: { run: '20250101-120000-ab', commit: '0123456', command: 'kdpipe run study.yaml' },
  runsFolder: 'runs/study',
  published: [],
};

/** Accuracies of a distillation study by cell: three students of three seeds, and the teacher, evaluated. */
const scores: Readonly<Record<string, readonly number[]>> = {
  alone: [0.7, 0.71, 0.69],
  MGD: [0.75, 0.762, 0.741],
  AT: [0.705, 0.7, 0.71],
};

/** The cells of the study: what is trained, and one evaluation of each. */
export function studyCells(): readonly Cell[] {
  const trained: Cell[] = [cell('teacher', {}, { model: 'resnet50', lr: 1e-4 })];
  for (const seed of [0, 1, 2]) {
    trained.push(cell(`alone[seed=${seed}]`, { seed }, { model: 'mobilenetv2', ema: false, seed }));
    for (const kd_method of ['MGD', 'AT']) {
      const axes = { teacher: to('teacher'), kd_method, seed };
      trained.push(
        cell(`student[kd_method=${kd_method},seed=${seed}]`, axes, { ...axes, model: 'mobilenetv2', ema: false }),
      );
    }
  }
  return [
    ...trained,
    ...trained.map(({ id }) => cell(`score[of=${id}]`, { of: to(id) }, { weights: to(id), splits: ['test'] })),
  ];
}

/** The results of the study's evaluations; the teacher has one run. */
export function studyOutcomes(): Outcomes {
  const metrics: Record<string, JsonObject> = { 'score[of=teacher]': accuracy(0.8) };
  for (const [method, values] of Object.entries(scores)) {
    values.forEach((value, seed) => {
      const id = method === 'alone' ? `alone[seed=${seed}]` : `student[kd_method=${method},seed=${seed}]`;
      metrics[`score[of=${id}]`] = accuracy(value);
    });
  }
  return outcomes(metrics);
}

/** The study with a table over its evaluations. */
export function study(table: Partial<TablePlan> = {}): Plan {
  const cells = studyCells();
  const scored = cells.filter(({ stage }) => stage === 'score').map(({ id }) => id);
  return plan(cells, { rows: ['model', 'teacher', 'kd_method'], cells: scored, ...table });
}
