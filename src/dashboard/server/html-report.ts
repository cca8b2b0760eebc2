import { createHash } from 'node:crypto';
import type { Store } from '../../store/store.ts';
import { pictureName, type Archive, type CellResult, type LogPiece } from '../data/answers.ts';
import type { CellData, CurveRow } from '../data/run-data.ts';
import { readCurves, readLog, readResult } from './cell-files.ts';
import { pageHtml, readPageFile } from './page-files.ts';
import { pictureOf, type ReadPicture } from './pictures.ts';
import type { RunFeed } from './run-feed.ts';
import type { Runs } from './runs.ts';

/** What a file holds of curves, of evaluations, of logs and of images at most: characters of JSON. */
const most = { curves: 16e6, results: 16e6, logs: 4e6, pictures: 4e6 };

/** Collects as much as there is room for; what is left out is counted. */
class Shelf<T> {
  readonly items: Record<string, T> = {};
  leftOut = 0;
  #room: number;

  constructor(room: number) {
    this.#room = room;
  }

  add(cell: CellData, item: T): void {
    const size = JSON.stringify(item).length;
    if (size > this.#room) {
      this.leftOut++;
      return;
    }
    this.#room -= size;
    this.items[cell.id] = item;
  }
}

/** Failed cells first: if there is room for some logs alone, it is theirs. */
const failedFirst = (cells: readonly CellData[]): readonly CellData[] =>
  [...cells].sort((one, other) => Number(other.progress.state === 'failed') - Number(one.progress.state === 'failed'));

/** The images that evaluations of a cell mistook, each once. */
async function picturesOf(
  cell: CellData,
  { evaluations }: CellResult,
  store: Store,
  read: ReadPicture,
): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const { split, mistakes } of evaluations)
    for (const { index } of mistakes) {
      const name = pictureName(split, index);
      const picture = Object.hasOwn(found, name) ? undefined : await pictureOf({ cell, split, index }, store, read);
      if (picture) found[name] = `data:image/png;base64,${Buffer.from(picture).toString('base64')}`;
    }
  return found;
}

/** All that the page can ask of a run. */
async function archiveOf(
  { folder, snapshot }: { folder: string; snapshot: Archive['snapshot'] },
  runs: Runs,
  readPicture: ReadPicture | undefined,
): Promise<Archive> {
  const curves = new Shelf<readonly CurveRow[]>(most.curves);
  const results = new Shelf<CellResult>(most.results);
  const logs = new Shelf<LogPiece>(most.logs);
  const pictures = new Shelf<Readonly<Record<string, string>>>(most.pictures);
  for (const cell of failedFirst(snapshot.data.cells)) {
    const rows = readCurves(folder, cell, runs.store);
    if (rows.length > 0) curves.add(cell, rows);
    const result = readResult(cell, runs.store);
    if (result) results.add(cell, result);
    if (result && readPicture && pictures.leftOut === 0 && result.evaluations.length > 0)
      pictures.add(cell, await picturesOf(cell, result, runs.store, readPicture));
    const log = readLog(folder, cell);
    if (log.text !== '') logs.add(cell, log);
  }
  const said = (what: string, { leftOut }: { readonly leftOut: number }): readonly string[] =>
    leftOut > 0 ? [`${what} of ${leftOut} cells are left out of this file, which would be too large.`] : [];
  return {
    snapshot,
    curves: curves.items,
    results: results.items,
    logs: logs.items,
    pictures: pictures.items,
    leftOut: [
      ...said('Curves', curves),
      ...said('Evaluations', results),
      ...said('Logs', logs),
      ...(pictures.leftOut > 0 ? ['Images of some cells are left out of this file, which would be too large.'] : []),
    ],
  };
}

/** A script or a style sheet as it may stand in a document: nothing in it ends its element. */
const inElement = (text: string): string => text.replace(/<(?=\/(?:script|style)|!--|script)/gi, '\\x3c');

/** What the browser compares with an element's text. */
const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * Writes the page of a run as one file that needs nothing else: no server, no network.
 *
 * @param runs - the runs of a working folder
 * @param feed - the run
 * @param readPicture - reads images of datasets; without it the file has none
 * @returns HTML with scripts, styles and data inside
 */
export async function htmlReport(runs: Runs, feed: RunFeed, readPicture?: ReadPicture): Promise<string> {
  const archive = await archiveOf({ folder: feed.folder, snapshot: feed.snapshot() }, runs, readPicture);
  const [page, plots] = [inElement(readPageFile('page.js')), inElement(readPageFile('plots.js'))];
  const style = readPageFile('page.css');
  const policy = `default-src 'none'; script-src ${hashOf(page)} ${hashOf(plots)}; style-src ${hashOf(style)}; img-src data:; base-uri 'none'; form-action 'none'`;
  // In JSON a sign may stand as its number: no text of a user ends the element, or begins another.
  const data = JSON.stringify(archive).replaceAll('<', '\\u003c');
  return pageHtml({
    title: `${archive.snapshot.data.pipeline} · kdpipe`,
    head: `<meta http-equiv="Content-Security-Policy" content="${policy}">\n<style>${style}</style>`,
    end: `<script id="archive" type="application/json">${data}</script>\n<script>${page}</script>\n<script>${plots}</script>`,
  });
}
