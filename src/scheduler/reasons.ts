import type { Cell, CellId, Key, Plan } from '../core/plan.ts';
import { redactor } from '../core/secrets.ts';
import { explain, type SayChanges } from '../fingerprint/explain.ts';
import { taskParameters } from '../fingerprint/task-parameters.ts';
import type { Store } from '../store/store.ts';
import type { LastResults } from '../record/last-results.ts';
import type { ResolvedCell } from './resolution.ts';

/** Why a cell runs that never had a result. */
const firstRun = 'first run';

/** The leaf that changed: where a wave of reruns started. */
interface Cause {
  readonly cell: CellId;
  readonly reason: string;
}

/** What reasons are found from. */
export interface History {
  readonly store: Store;
  readonly last: () => LastResults;
  readonly force: ReadonlySet<CellId>;
  /** Results that are not what their stages made any more, and what changed in them: they count as missing. */
  readonly damaged?: ReadonlyMap<Key, string>;
  /** Says what differs between two contents of a source. */
  readonly sayChanges?: SayChanges;
  /** See `Plan.secrets`: manifests have none, so that nothing is compared with them. */
  readonly secrets?: Plan['secrets'] | undefined;
}

/**
 * Says why cells run: which parameter, source or input is not what the cell's last result was made of, and for an input
 * which leaf made the other cell run.
 */
export class Reasons {
  readonly #history: History;
  readonly #causes = new Map<CellId, Cause>();

  /** @param history - last results, and what the user forces */
  constructor(history: History) {
    this.#history = history;
  }

  /**
   * Why a cell runs whose key is known.
   *
   * @param id - the cell
   * @param resolved - what its new result is made of
   * @returns at least one reason, e.g. `params.lr 0.0001 → 0.0003`
   */
  ofRun(id: CellId, resolved: ResolvedCell): readonly string[] {
    const changes = this.#changes(id, resolved);
    const changedInputs = new Map(resolved.inputs.map((input) => [`inputs.${input.name} changed`, input]));
    const reasons = changes.map((change) => {
      const input = changedInputs.get(change);
      return input ? this.#fromInput(input.name, input.cell, 'reran') : change;
    });
    const [first = ''] = changes;
    this.#note(id, changedInputs.get(first)?.cell, first);
    return reasons;
  }

  /**
   * Why a cell may run whose key waits for other cells.
   *
   * @param cell - the cell
   * @param because - the cells that it needs and that run
   * @returns at least one reason, e.g. `inputs.teacher ← teacher reruns because params.lr 0.0001 → 0.0003`
   */
  ofUnknown(cell: Cell, because: readonly CellId[]): readonly string[] {
    const reasons = taskParameters(cell.params)
      .references.filter(({ reference }) => because.includes(reference.cell))
      .map(({ name, reference }) => this.#fromInput(name, reference.cell, 'reruns'));
    this.#note(cell.id, because[0], 'it reruns');
    if (cell.follows) return ['if its search promotes it'];
    return this.#history.last().has(cell.id) ? reasons : [firstRun];
  }

  #changes(id: CellId, resolved: ResolvedCell): readonly string[] {
    const { force, last, store, damaged, sayChanges, secrets } = this.#history;
    if (force.has(id)) return ['forced'];
    const damage = damaged?.get(resolved.key);
    if (damage !== undefined) return [`its stored result was changed: ${damage}`];
    const before = last().get(id);
    if (!before) return [firstRun];
    const manifest = store.find(before.key)?.manifest();
    if (!manifest) return ['its last result is not in the store any more'];
    const params = redactor(secrets).json(resolved.params);
    const changes = explain(manifest, { ...resolved, params }, sayChanges);
    return changes.length > 0 || !secrets ? changes : ['a secret changed'];
  }

  #fromInput(name: string, from: CellId, verb: string): string {
    const cause = this.#causes.get(from);
    if (!cause) return `inputs.${name} changed`;
    const leaf = cause.cell === from ? cause.reason : `${cause.cell}: ${cause.reason}`;
    return `inputs.${name} ← ${from} ${verb} because ${leaf}`;
  }

  /** Keeps the leaf alone, however long the chain: a reason must not grow with the depth of the DAG. */
  #note(id: CellId, from: CellId | undefined, reason: string): void {
    const upstream = from === undefined ? undefined : this.#causes.get(from);
    this.#causes.set(id, upstream ?? { cell: id, reason });
  }
}
