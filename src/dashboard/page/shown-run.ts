import { useEffect, useReducer, useRef, useState } from 'preact/hooks';
import { shortNames } from '../data/cell-names.ts';
import { LiveRun } from '../data/live-run.ts';
import type { CurveRow } from '../data/run-data.ts';
import type { Source } from './source.ts';

/** What all views show. */
export interface ShownRun {
  readonly source: Source;
  readonly name: string;
  readonly live: LiveRun;
  /** Short names of cells. */
  readonly names: ReadonlyMap<string, string>;
  /** Another number once a cell has come further. */
  readonly version: number;
  /** False while the server does not answer. */
  readonly isConnected: boolean;
}

/** The run of the page, followed as it goes on. */
export interface Loaded {
  readonly run?: ShownRun;
  readonly problem?: string;
}

/** Courses of trainings that were asked for, by cell. */
export class Courses {
  readonly #run: ShownRun;
  readonly #known = new Map<string, readonly CurveRow[]>();

  /** @param run - whose trainings they are */
  constructor(run: ShownRun) {
    this.#run = run;
  }

  /** Asks for those that are not known yet. */
  async load(cells: readonly string[]): Promise<void> {
    const { source, name } = this.#run;
    const wanted = cells.filter((cell) => !this.#known.has(cell));
    await Promise.all(
      wanted.map(async (cell) => void this.#known.set(cell, await source.curves(name, cell).catch(() => []))),
    );
  }

  /** Rows of a training, those that came with events behind those that were asked for. */
  of(cell: string): readonly CurveRow[] {
    const known = this.#known.get(cell) ?? [];
    const epochs = new Set(known.map(({ epoch }) => epoch));
    const later = this.#run.live.curves(cell).filter(({ epoch }) => epoch === undefined || !epochs.has(epoch));
    return [...known, ...later];
  }
}

/**
 * Loads a run and follows it.
 *
 * @param source - where from
 * @param wanted - its name; undefined for the latest
 * @returns the run, once it is there
 */
export function useRun(source: Source, wanted: string | undefined): Loaded {
  const live = useRef<LiveRun | undefined>(undefined);
  const names = useRef<ShownRun['names']>(new Map());
  const [problem, setProblem] = useState<string>();
  const [isConnected, setConnected] = useState(true);
  const [round, again] = useReducer((count: number) => count + 1, 0);
  const [version, bump] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    let leave = (): void => undefined;
    let isWanted = true;
    source.snapshot(wanted).then(
      ({ data, alive, position }) => {
        if (!isWanted) return;
        const run = new LiveRun(data);
        run.alive = alive;
        live.current = run;
        names.current = shortNames(data);
        bump(undefined);
        leave = source.follow(data.run, position, {
          onNews: (news) => {
            run.take(news);
            bump(undefined);
          },
          onAnew: () => again(undefined),
          onConnected: setConnected,
        });
      },
      (error: unknown) => setProblem(error instanceof Error ? error.message : String(error)),
    );
    return () => {
      isWanted = false;
      leave();
    };
  }, [round]);
  if (problem !== undefined) return { problem };
  if (!live.current) return {};
  return {
    run: { source, name: live.current.data.run, live: live.current, names: names.current, version, isConnected },
  };
}
