import { fail } from '../core/failure.ts';
import type { Cell, CellId, Key, Plan } from '../core/plan.ts';
import type { Stop } from '../core/search.ts';
import { awaited, Searches } from '../core/searches.ts';
import type { TaskInput, TaskSource } from '../core/task.ts';
import { ownValue } from '../core/own.ts';
import { stageKey } from '../fingerprint/stage.ts';
import { taskParameters, type NamedReference } from '../fingerprint/task-parameters.ts';
import type { StageKind } from '../stages/stage-kind.ts';
import type { Entry, Manifest, StoredOutput } from '../store/store.ts';
import { beginningText } from './continuation.ts';
import { Reasons, type History } from './reasons.ts';
import type { Resolution, ResolvedCell } from './resolution.ts';

/** What cells are resolved against. */
export interface ResolveDeps extends History {
  readonly searches?: Plan['searches'];
  readonly kinds: Readonly<Record<string, StageKind>>;
  /** Sources of each cell, with digests. */
  readonly sources: (cell: Cell) => readonly TaskSource[];
}

/** Says of each cell whether it is reused or runs, and why; remembers the results for the cells that read them. */
export class Resolver {
  readonly #deps: ResolveDeps;
  readonly #cells: ReadonlyMap<CellId, Cell>;
  readonly #entries = new Map<CellId, Entry>();
  readonly #reasons: Reasons;
  readonly #searches: Searches;
  /** Cells that searches go on without, and why. */
  readonly #stopped = new Map<CellId, Stop>();
  /** Cells that ended without a result. */
  readonly #lost = new Set<CellId>();

  /**
   * @param cells - all cells of the run
   * @param deps - store, kinds, sources and history
   */
  constructor(cells: readonly Cell[], deps: ResolveDeps) {
    this.#cells = new Map(cells.map((cell) => [cell.id, cell]));
    this.#deps = deps;
    this.#reasons = new Reasons(deps);
    this.#searches = new Searches(deps.searches ?? [], (cell) =>
      this.#lost.has(cell) ? null : this.#entries.get(cell)?.manifest().metrics,
    );
  }

  /** Results of the cells that have one. */
  get entries(): ReadonlyMap<CellId, Entry> {
    return this.#entries;
  }

  /**
   * Resolves a cell; all that it needs must have been resolved before.
   *
   * @param cell - the cell
   * @returns what a run does with it; the result that is reused counts as the cell's from then on
   * @throws FailureError when it reads an output that the other cell's result does not have
   */
  resolve(cell: Cell): Resolution {
    const before = awaited(cell);
    const known = before.flatMap((one) => this.#stopped.get(one) ?? [])[0];
    const verdict = known ?? this.#searches.verdict(cell.id);
    if (typeof verdict === 'object') {
      this.#stopped.set(cell.id, verdict);
      return { status: 'stop', reasons: [verdict.reason] };
    }
    const because = before.filter((one) => !this.#entries.has(one));
    const undecided = verdict === undefined && { undecided: true };
    if (undecided || because.length)
      return { status: 'unknown', because, ...undecided, reasons: this.#reasons.ofUnknown(cell, because) };
    const resolved = this.describe(cell);
    const { key } = resolved;
    const { force, store, damaged } = this.#deps;
    const entry = force.has(cell.id) || damaged?.has(key) ? undefined : store.find(key);
    if (!entry) return { status: 'run', key, reasons: this.#reasonsOf(cell, resolved) };
    this.#entries.set(cell.id, entry);
    return { status: 'reuse', key, entry };
  }

  /**
   * Takes note of a cell's new result.
   *
   * @param cell - the cell
   * @param key - under which the result was committed
   * @throws Error when the store does not have it
   */
  settle(cell: CellId, key: Key): void {
    const entry = this.#deps.store.find(key);
    if (!entry) throw new Error(`the result ${key} of ${cell} was committed, but is not in the store`);
    this.#entries.set(cell, entry);
  }

  /**
   * Takes note of a cell that ended without a result: in a search it ranks last.
   *
   * @param cell - the cell
   */
  lose(cell: CellId): void {
    this.#lost.add(cell);
  }

  /**
   * Says what searches have decided.
   *
   * @returns the cells that have been promoted or stopped since this was last called
   */
  decided(): readonly CellId[] {
    return this.#searches.decided();
  }

  /**
   * Lists what a cell's result depends on; all that it needs must have results.
   *
   * @param cell - the cell
   * @returns kind, JSON parameters, inputs with their paths, sources, and the key
   * @throws FailureError when it reads an output that the other cell's result does not have
   */
  describe(cell: Cell): ResolvedCell {
    const { name, unkeyed, ...kind } = this.#kind(cell);
    const resultVersion = kind.resultVersion + (kind.revision?.(cell.params) ?? 0);
    const { params, references } = taskParameters(cell.params);
    const inputs = references.map((reference) => this.#input(cell, reference));
    const sources = this.#deps.sources(cell);
    const ingredients = { kind: name, resultVersion, params, unkeyed, inputs, sources };
    return { ...ingredients, key: stageKey(ingredients) };
  }

  /** Why a cell runs, and where it begins. */
  #reasonsOf(cell: Cell, resolved: ResolvedCell): readonly string[] {
    const { force, store, last } = this.#deps;
    const reasons = this.#reasons.ofRun(cell.id, resolved);
    if (force.has(cell.id)) return reasons;
    const before = (): Manifest | undefined => {
      const result = last().get(cell.id);
      return result && store.find(result.key)?.manifest();
    };
    return [...reasons, ...beginningText(this.#kind(cell), resolved, { root: store.root, last: before })];
  }

  #cell(id: CellId): Cell {
    const cell = this.#cells.get(id);
    if (!cell) throw new Error(`the run has no cell ${id}`);
    return cell;
  }

  #kind(cell: Cell): StageKind {
    const kind = this.#deps.kinds[cell.kind];
    if (!kind) throw new Error(`cell ${cell.id} is of the unknown kind ${cell.kind}`);
    return kind;
  }

  #input(taker: Cell, { name, reference }: NamedReference): TaskInput {
    const entry = this.#entries.get(reference.cell);
    if (!entry) throw new Error(`cell ${reference.cell} has no result yet`);
    const output = reference.output ?? this.#defaultOutput(taker, name, reference.cell);
    const { path, digest } = storedOutput(entry, reference.cell, output);
    // Not join(): it would take a tenth of the time in which a run finds that it has nothing to do.
    return {
      name,
      cell: reference.cell,
      key: entry.key,
      output,
      digest,
      path: path === '.' ? entry.path : `${entry.path}/${path}`,
    };
  }

  /** Of a cell that is named alone: the output that the parameter asks for, or else the cell's first. */
  #defaultOutput(taker: Cell, name: string, cell: CellId): string {
    const parameter = name.split('.', 1)[0] ?? name;
    const asked = this.#kind(taker).params[parameter]?.['x-input']?.output;
    if (asked !== undefined) return asked;
    const producer = this.#cell(cell);
    const [first] = Object.keys(this.#kind(producer).outputs(producer.params));
    if (first === undefined) throw new Error(`cell ${cell} has no outputs`);
    return first;
  }
}

function storedOutput({ outputs }: Entry, cell: CellId, output: string): StoredOutput {
  const stored = ownValue(outputs, output);
  if (stored) return stored;
  return fail({
    code: 'unknown-output',
    message: `${cell} has no output ${output}`,
    expected: `one of ${Object.keys(outputs).join(', ')}`,
  });
}
