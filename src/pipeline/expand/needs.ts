import { CellReference, type Cell } from '../../core/plan.ts';
import type { Json } from '../../core/json.ts';
import type { Need } from '../../stages/stage-kind.ts';
import { expandStage, type ExpandContext } from './expand-stage.ts';
import type { SourceLocation, Located } from '../source/location.ts';
import type { StageSpec } from '../read/spec.ts';
import { StageCells } from '../planned/stage-cells.ts';
import { compileStage } from './stage-template.ts';

/** A text that the pipeline language reads as itself. */
const literal = (value: Json): Json => (typeof value === 'string' ? value.replaceAll('${', () => '$${') : value);

/** A need as a stage: its parameters are axes of one value, so that the cell's id names them. */
function stageOf({ kind, params }: Need, location: SourceLocation): StageSpec {
  const axes = new Map<string, Located>(
    Object.entries(params).map(([name, value]) => [name, { value: [literal(value)], location }]),
  );
  const nothing = new Map<string, never>();
  const matrix = {
    location,
    axes,
    zip: nothing,
    zipLocation: location,
    include: [],
    exclude: [],
    replaced: new Set<string>(),
  };
  return {
    id: kind,
    location,
    uses: { value: kind, location },
    with: nothing,
    matrix,
    search: undefined,
    resources: nothing,
    retry: undefined,
    timeout: undefined,
    slurm: {},
    swept: nothing,
  };
}

/** The cells that parameters ask for without naming them, each once in the whole plan. */
export class NeededCells {
  /** In topological order. */
  readonly cells: Cell[] = [];
  readonly #context: Omit<ExpandContext, 'needed'>;
  /** By kind and parameters; undefined where the cell has problems. */
  readonly #known = new Map<string, CellReference | undefined>();

  constructor(context: Omit<ExpandContext, 'needed'>) {
    this.#context = context;
  }

  /**
   * Plans the cell of a need, unless another one needed it before.
   *
   * @param need - what is wanted
   * @param location - where it was asked for: the place of its problems
   * @returns a reference to the cell; undefined when it has problems, which are noted
   */
  reference(need: Need, location: SourceLocation): CellReference | undefined {
    const name = JSON.stringify([need.kind, need.params]);
    if (!this.#known.has(name)) this.#known.set(name, this.#plan(need, location));
    return this.#known.get(name);
  }

  #plan(need: Need, location: SourceLocation): CellReference | undefined {
    const { stages, problems, world } = this.#context;
    const { kind } = need;
    if (stages.has(kind)) {
      const message = `a stage is called ${kind}, which is the name of the cells that this needs`;
      problems.add({
        code: 'taken-name',
        message,
        expected: `no stage of that name`,
        fix: 'rename the stage',
        location,
      });
      return undefined;
    }
    const context = { ...this.#context, needed: this };
    const planned = expandStage(compileStage(stageOf(need, location), context), context);
    const [cell] = planned?.cells ?? [];
    if (!planned?.healthy || !cell) return undefined;
    problems.budget.spend('nodes', world.stage(kind)?.cells.length ?? 0, location);
    world.add(kind, new StageCells([...(world.stage(kind)?.cells ?? []), cell], true));
    this.cells.push(cell.cell);
    return new CellReference(cell.cell.id);
  }
}
