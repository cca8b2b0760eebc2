import {
  pictureName,
  type Archive,
  type CellResult,
  type LogPiece,
  type Refusal,
  type RunName,
  type Snapshot,
} from '../data/answers.ts';
import type { CurveRow, RunNews } from '../data/run-data.ts';

/** What is told of a run that is followed. */
export interface Listener {
  readonly onNews: (news: RunNews) => void;
  /** All that was told is out of date: ask for the run again. */
  readonly onAnew: () => void;
  /** Whether the server is there. */
  readonly onConnected: (isConnected: boolean) => void;
}

/** Where the page has its data from: a server that follows runs, or the file that it is itself. */
export interface Source {
  readonly isLive: boolean;
  runs(): Promise<readonly RunName[]>;
  /** Of the latest run unless one is named. */
  snapshot(run?: string): Promise<Snapshot>;
  /** Returns what ends it. */
  follow(run: string, position: number, listener: Listener): () => void;
  curves(run: string, cell: string): Promise<readonly CurveRow[]>;
  result(run: string, cell: string): Promise<CellResult | undefined>;
  log(run: string, cell: string, from?: number): Promise<LogPiece>;
  /** Address of an image that an evaluation saw; undefined where it is not to be had. */
  picture(run: string, cell: string, split: string, index: number): string | undefined;
  /** What a file leaves out. */
  readonly leftOut: readonly string[];
}

/** Asks the server. */
async function ask<T>(path: string, query: Readonly<Record<string, string>> = {}): Promise<T> {
  const answer = await fetch(`${path}?${new URLSearchParams(query).toString()}`, { cache: 'no-store' });
  const isJson = answer.headers.get('content-type')?.startsWith('application/json') ?? false;
  if (!isJson) throw new Error(await answer.text());
  const content: unknown = await answer.json();
  if (answer.ok) return content as T;
  throw new Error(
    (content as Refusal).failures.map(({ message, fix }) => [message, fix].filter(Boolean).join('; ')).join('\n'),
  );
}

/**
 * A page that `kdpipe dashboard` serves.
 *
 * @returns its server
 */
export function served(): Source {
  return {
    isLive: true,
    leftOut: [],
    runs: () => ask('api/runs'),
    snapshot: (run) => ask('api/run', run === undefined ? {} : { run }),
    curves: (run, cell) => ask('api/curves', { run, cell }),
    result: async (run, cell) => (await ask<CellResult | null>('api/result', { run, cell })) ?? undefined,
    log: (run, cell, from) => ask('api/log', { run, cell, ...(from !== undefined && { from: String(from) }) }),
    picture: (run, cell, split, index) =>
      `api/picture?${new URLSearchParams({ run, cell, split, index: String(index) }).toString()}`,
    follow: (run, position, { onNews, onAnew, onConnected }) => {
      const events = new EventSource(`api/events?${new URLSearchParams({ run, from: String(position) }).toString()}`);
      events.onmessage = ({ data }: MessageEvent<string>) => onNews(JSON.parse(data) as RunNews);
      events.addEventListener('anew', onAnew);
      events.onopen = () => onConnected(true);
      events.onerror = () => onConnected(false);
      return () => events.close();
    },
  };
}

/**
 * A page that `kdpipe report --format html` wrote.
 *
 * @param archive - the run that it holds
 * @returns the file itself
 */
export function embedded(archive: Archive): Source {
  const { snapshot, curves, results, logs, pictures } = archive;
  const of = <T>(values: Readonly<Record<string, T>>, cell: string): T | undefined =>
    Object.hasOwn(values, cell) ? values[cell] : undefined;
  const { run, pipeline } = snapshot.data;
  return {
    isLive: false,
    leftOut: archive.leftOut,
    runs: () => Promise.resolve([{ run, pipeline }]),
    snapshot: () => Promise.resolve(snapshot),
    curves: (_run, cell) => Promise.resolve(of(curves, cell) ?? []),
    result: (_run, cell) => Promise.resolve(of(results, cell)),
    log: (_run, cell) => Promise.resolve(of(logs, cell) ?? { text: '', from: 0, next: 0 }),
    picture: (_run, cell, split, index) => of(of(pictures, cell) ?? {}, pictureName(split, index)),
    follow: () => () => undefined,
  };
}

/**
 * Finds out where the page has its data from.
 *
 * @returns the source
 */
export function findSource(): Source {
  const archive = document.getElementById('archive')?.textContent;
  return archive === undefined ? served() : embedded(JSON.parse(archive) as Archive);
}
