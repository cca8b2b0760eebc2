import { isJsonObject } from '../../core/json.ts';
import { CellReference, type CellId, type Value } from '../../core/plan.ts';
import { ownValue } from '../../core/own.ts';
import { carriedNames, type FindCell, type PlannedCell } from '../../cells/carry.ts';
import { follow, type CellIndex } from '../../cells/lookup.ts';
import type { StageKind } from '../../stages/stage-kind.ts';
import type { StageCells } from './stage-cells.ts';

/** The stages that are planned so far. */
export class PlannedStages {
  readonly #kinds: Readonly<Record<string, StageKind>>;
  readonly #cells = new Map<CellId, PlannedCell>();
  readonly #stages = new Map<string, StageCells>();
  readonly #outputs = new Map<CellId, readonly string[]>();

  constructor(kinds: Readonly<Record<string, StageKind>>) {
    this.#kinds = kinds;
  }

  /** The kind of that name, if it is registered. */
  kind(name: string): StageKind | undefined {
    return ownValue(this.#kinds, name);
  }

  /** Names of all registered kinds. */
  get kindNames(): readonly string[] {
    return Object.keys(this.#kinds);
  }

  /** False for a reference to a cell of a stage that has problems: what it lacks is no further problem. */
  isSound(value: Value): boolean {
    const planned = value instanceof CellReference ? this.find(value.cell) : undefined;
    return planned === undefined || this.stage(planned.cell.stage)?.healthy === true;
  }

  readonly find: FindCell = (id) => this.#cells.get(id);

  /** The cells without what they carry. */
  readonly index: CellIndex = { get: (id) => this.find(id)?.cell };

  /** The cells of a stage; undefined where they could not be worked out: what refers to them is then passed over. */
  stage(id: string): StageCells | undefined {
    return this.#stages.get(id);
  }

  add(stage: string, cells: StageCells): void {
    this.#stages.set(stage, cells);
    for (const planned of cells.cells) this.#cells.set(planned.cell.id, planned);
  }

  /** Names of a cell's outputs, the main one first; undefined where its parameters are wrong. */
  outputs({ cell }: PlannedCell): readonly string[] | undefined {
    const known = this.#outputs.get(cell.id);
    if (known) return known;
    if (this.stage(cell.stage)?.healthy !== true) return undefined;
    const outputs = Object.keys(this.kind(cell.kind)?.outputs(cell.params) ?? {});
    this.#outputs.set(cell.id, outputs);
    return outputs;
  }

  /**
   * Follows keys from a value: like `follow` of the cells, and the last key may be an output of a cell.
   *
   * @param value - where to start
   * @param keys - which way to go
   * @returns the value at the end; undefined when there is none
   */
  follow(value: Value, keys: readonly string[]): Value | undefined {
    const found = follow(value, keys, this.find);
    if (found !== undefined) return found;
    const holder = follow(value, keys.slice(0, -1), this.find);
    const planned = holder instanceof CellReference ? this.find(holder.cell) : undefined;
    const output = keys.at(-1) ?? '';
    return planned && this.outputs(planned)?.includes(output) ? new CellReference(planned.cell.id, output) : undefined;
  }

  /** Keys that {@link follow} knows one step beyond a value. */
  nextKeys(value: Value): readonly string[] {
    if (value instanceof CellReference) {
      const planned = this.find(value.cell);
      if (!planned) return [];
      return [...carriedNames(planned), ...Object.keys(planned.cell.params), ...(this.outputs(planned) ?? [])];
    }
    return isJsonObject(value) ? Object.keys(value) : [];
  }
}
