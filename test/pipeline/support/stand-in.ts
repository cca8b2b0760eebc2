import type { Cell } from '../../../src/core/plan.ts';
import { parentsOf, type PlannedCell } from '../../../src/cells/carry.ts';
import type { ParamSchema, StageKind } from '../../../src/stages/stage-kind.ts';
import { StageCells } from '../../../src/pipeline/planned/stage-cells.ts';
import { PlannedStages } from '../../../src/pipeline/planned/planned-stages.ts';
import { kinds } from './kinds.ts';

/** A kind of stage with the given parameters, for tests of one of them. */
export function kindWith(params: Readonly<Record<string, ParamSchema>>, rest: Partial<StageKind> = {}): StageKind {
  return { ...kinds.command, name: 'probe', params, ...rest };
}

/** A cell that is planned already. */
export function cellWith(cell: Partial<Cell> & Pick<Cell, 'id'>): PlannedCell {
  const whole: Cell = {
    stage: cell.id.replace(/\[.*/, ''),
    kind: 'dataset',
    axes: {},
    params: {},
    needs: [],
    resources: { cpu: 1, gpu: 0, memory: 0 },
    retry: 0,
    timeout: 0,
    ...cell,
  };
  return { cell: whole, axes: whole.axes, parents: [] };
}

/** A world in which these cells are planned, stage by stage, in the order in which they are given. */
export function worldOf(planned: readonly PlannedCell[], healthy = true): PlannedStages {
  const world = new PlannedStages(kinds);
  for (const stage of new Set(planned.map(({ cell }) => cell.stage))) {
    const cells = planned.filter(({ cell }) => cell.stage === stage);
    const whole = cells.map((one) => ({ ...one, parents: parentsOf(one.axes, world.find) }));
    world.add(stage, new StageCells(whole, healthy));
  }
  return world;
}
