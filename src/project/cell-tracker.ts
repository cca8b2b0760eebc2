import { basename, dirname, join } from 'node:path';
import { FactorIndex, seedAxis } from '../cells/factors.ts';
import { plainJson } from '../cells/labels.ts';
import { reachable } from '../cells/lookup.ts';
import type { Event } from '../core/event.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import { CellReference, type Cell, type CellId, type Key, type Plan } from '../core/plan.ts';
import { redactor } from '../core/secrets.ts';
import { curveRows } from '../record/curve-rows.ts';
import { listRuns } from '../record/past-runs.ts';
import { readStories, Stories, type Story, type TimedRow } from '../record/stories.ts';
import { metricNumbers } from '../core/metrics.ts';
import type { TrackedCell, TrackedEnd, TrackedParam, TrackedRow } from '../sinks/sink.ts';
import type { Entry, Manifest, Store } from '../store/store.ts';
import { textIfReadable } from '../util/if-readable.ts';
import type { Project } from './project.ts';
import { pipelinesIn } from './recent.ts';

/** Earlier runs that are looked through for the epochs of a training that went on from them. */
const mostEarlier = 20;

/** Values that are no mappings by dotted path; lists as JSON, and nothing where there is none. */
function flat(value: Json, path = ''): readonly (readonly [string, TrackedParam])[] {
  if (value === null) return [];
  if (isJsonObject(value))
    return Object.entries(value).flatMap(([name, part]) => flat(part, path === '' ? name : `${path}.${name}`));
  return [[path, typeof value === 'object' ? JSON.stringify(value) : value]];
}

/** A row as tools take it. */
function trackedRow({ at, row }: TimedRow, place: number): TrackedRow {
  const { epoch, ...values } = row;
  return { step: typeof epoch === 'number' ? epoch : place, at, values: metricNumbers(values) };
}

/** One row a step, the last that is told of it, in order. */
function inOrder(rows: readonly TrackedRow[]): readonly TrackedRow[] {
  const bySteps = new Map(rows.map((row) => [row.step, row]));
  return [...bySteps.values()].sort((a, b) => a.step - b.step);
}

/** The name of the engine that made a result, where one did. */
function engineOf({ environment }: Manifest): string | undefined {
  const { engine } = environment;
  const name = isJsonObject(engine) ? engine['name'] : engine;
  return typeof name === 'string' ? name : undefined;
}

/** How a result came to its end; undefined while it goes on. What is the end of a curve is told with that. */
function endOf({ end }: Story, rows: readonly TrackedRow[]): TrackedEnd | undefined {
  if (!end) return undefined;
  const all = end.type === 'stage-finished' ? Object.entries(metricNumbers(end.metrics)) : [];
  const curves = rows.at(-1)?.values ?? {};
  const metrics = Object.fromEntries(all.filter(([name]) => !Object.hasOwn(curves, name)));
  const state = (
    { 'stage-finished': 'finished', 'stage-failed': 'failed', 'stage-interrupted': 'interrupted' } as const
  )[end.type];
  return { state, at: end.at, metrics };
}

/** What of a story is known of a result whose record is gone. */
const storyOf = ({ started, seconds, cell, key, metrics }: Manifest): Story => {
  const end = { type: 'stage-finished', at: started + seconds * 1000, cell, key, seconds, metrics } as const;
  return { startedAt: started, rows: [], end };
};

/** What a run has recorded; nothing where that cannot be read, or a later version has written it. */
function storiesIfReadable(folder: string): Stories {
  try {
    return readStories(folder);
  } catch {
    return new Stories();
  }
}

/** Where results and records are. */
type ResultPlaces = Pick<Project, 'runsFolder'> & { readonly store: Pick<Store, 'find'> };

/** What a run's events tell of the results that it makes and reuses, beside what earlier runs and the store know of them. */
export class CellTracker {
  readonly #project: ResultPlaces;
  readonly #plan: Plan;
  readonly #cells: ReadonlyMap<CellId, Cell>;
  readonly #factors: FactorIndex;
  readonly #own = new Stories();
  readonly #changed = new Set<CellId>();
  #run = '';
  #commit: string | null = null;
  /** Epochs of earlier runs that trainings went on from. */
  readonly #begun = new Map<Key, readonly TrackedRow[]>();
  /** What runs have recorded, by their folders; kept as long as one look takes. */
  readonly #recorded = new Map<string, Stories>();

  /**
   * @param project - where results and records are
   * @param plan - of the run
   */
  constructor(project: ResultPlaces, plan: Plan) {
    this.#project = project;
    this.#plan = plan;
    this.#cells = new Map(plan.cells.map((cell) => [cell.id, cell]));
    this.#factors = new FactorIndex(this.#cells);
  }

  /** Takes the next event of the run. */
  take(event: Event): void {
    if (event.type === 'run-started') [this.#run, this.#commit] = [event.run, event.commit];
    const cell = this.#own.take(event);
    if (cell !== undefined) this.#changed.add(cell);
  }

  /**
   * What there is to tell since the last time: of each cell that something happened to all that is known of it.
   *
   * @returns cells with numbers to show; in the order in which they changed first
   */
  changed(): readonly TrackedCell[] {
    const cells = [...this.#changed].flatMap((id) => this.#cells.get(id) ?? []);
    this.#changed.clear();
    this.#recorded.clear();
    return cells.flatMap((cell) => this.#tracked(cell) ?? []);
  }

  #tracked(cell: Cell): TrackedCell | undefined {
    const key = this.#own.keyOf(cell.id);
    if (key === undefined) return undefined;
    const { entry, manifest } = this.#resultOf(key);
    const own = this.#own.of(key);
    // What failed or was interrupted here, another run has made since.
    const isPast = own?.end && own.end.type !== 'stage-finished';
    const told = (isPast ? undefined : own) ?? this.#made(key, manifest) ?? own;
    if (!told) return undefined;
    const rows = this.#rows(key, told, entry, manifest?.run);
    const end = endOf(told, rows);
    if (rows.length === 0 && Object.keys(end?.metrics ?? {}).length === 0) return undefined;
    const { startedAt } = told;
    const group = this.#factors.nameOf(new CellReference(cell.id));
    const { stage } = cell;
    const about = { key, cell: cell.id, stage, pipeline: this.#plan.name, group, startedAt, rows, ...(end && { end }) };
    return redactor(this.#plan.secrets).json({ ...about, ...this.#facts(cell, key, manifest) });
  }

  /** A result; nothing where it is gone or damaged. */
  #resultOf(key: Key): { readonly entry?: Entry | undefined; readonly manifest?: Manifest | undefined } {
    try {
      const entry = this.#project.store.find(key);
      return { entry, manifest: entry?.manifest() };
    } catch {
      return {};
    }
  }

  /** How a result came about that this run reuses. */
  #made(key: Key, manifest: Manifest | undefined): Story | undefined {
    const folder = manifest && this.#folderOf(manifest.run);
    return (folder === undefined ? undefined : this.#storiesOf(folder).of(key)) ?? (manifest && storyOf(manifest));
  }

  #facts(cell: Cell, key: Key, manifest: Manifest | undefined): Pick<TrackedCell, 'params' | 'tags'> {
    const behind = [...reachable(this.#cells, [cell])].flatMap(({ axes }) =>
      Object.entries(axes).filter(([, value]) => !(value instanceof CellReference)),
    );
    // The nearest axis of a name counts, and before all the cell's own parameter.
    const all = { ...Object.fromEntries(behind.reverse()), ...cell.axes, ...cell.params };
    const params = Object.fromEntries(Object.entries(all).flatMap(([name, value]) => flat(plainJson(value), name)));
    const { [seedAxis]: seed } = params;
    const { run = this.#run, commit = this.#commit } = manifest ?? {};
    const engine = manifest && engineOf(manifest);
    const { name: pipeline, file } = this.#plan;
    const tags = {
      ...{ key, cell: cell.id, stage: cell.stage, kind: cell.kind, pipeline, file, run },
      ...(commit !== null && { commit }),
      ...(engine !== undefined && { engine }),
      ...(seed !== undefined && { seed: String(seed) }),
    };
    return { params, tags };
  }

  /** Epochs as this run and those before it have written them; those that nobody has recorded as the result has kept them. */
  #rows(key: Key, { rows, startedAt, end }: Story, entry: Entry | undefined, run = this.#run): readonly TrackedRow[] {
    const own = rows.map(trackedRow);
    const curves = entry?.outputs['curves'];
    const isWhole = own[0]?.step === 0 || (entry ? !curves : own.length === 0);
    if (isWhole) return inOrder(own);
    const earlier = this.#begun.get(key) ?? this.#earlier(key, run);
    // What others have told is told; what this run tells comes behind it.
    if (own.length > 0) this.#begun.set(key, earlier);
    const told = [...earlier, ...own];
    if (!entry || !curves || told[0]?.step === 0) return inOrder(told);
    const kept = curveRows(textIfReadable(join(entry.path, curves.path), 'utf8'));
    return inOrder([...kept.map((row, place) => trackedRow({ at: end?.at ?? startedAt, row }, place)), ...told]);
  }

  /** What a run has recorded of a result, and those of its pipeline before it that it went on from. */
  #earlier(key: Key, run: string): readonly TrackedRow[] {
    const last = this.#folderOf(run);
    if (last === undefined) return [];
    const pipeline = dirname(last);
    const names = listRuns(dirname(pipeline), basename(pipeline)).filter((name) => name <= run);
    const found: TrackedRow[] = [];
    for (const name of names.slice(-mostEarlier).reverse()) {
      found.unshift(...(this.#storiesOf(join(pipeline, name)).of(key)?.rows.map(trackedRow) ?? []));
      if (found[0]?.step === 0) break;
    }
    return found;
  }

  /** A run may be of another pipeline that shares the store. */
  #folderOf(run: string): string | undefined {
    const { runsFolder } = this.#project;
    const pipeline = pipelinesIn(runsFolder).find((name) => listRuns(runsFolder, name).includes(run));
    return pipeline === undefined ? undefined : join(runsFolder, pipeline, run);
  }

  #storiesOf(folder: string): Stories {
    const known = this.#recorded.get(folder) ?? storiesIfReadable(folder);
    this.#recorded.set(folder, known);
    return known;
  }
}
