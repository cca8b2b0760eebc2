import { FailureError, type Failure } from '../../core/failure.ts';
import type { TablePlan } from '../../core/plan.ts';
import { collect } from '../files/collect.ts';
import { lineDiff } from '../files/line-diff.ts';
import type { Drift, WrittenFile } from '../files/written-file.ts';
import { findRegion, regionContent, withRegion } from './region.ts';
import { openText, rewrite, type OpenedFile } from '../files/replace-file.ts';
import { isSameTable, placeOf, type RenderedTable } from './render-tables.ts';

/** A file and what becomes of it. */
interface Draft {
  readonly opened: OpenedFile;
  text: string;
}

/** Puts a table into a text; undefined when it is there already. */
function placeTable(text: string, file: string, rendered: RenderedTable): string | undefined {
  const { name } = rendered.table;
  const region = findRegion(text, name, file);
  if (!region.ok) throw new FailureError(region.failures);
  if (isSameTable(regionContent(text, region.value), rendered)) return undefined;
  const changed = withRegion(text, region.value, rendered.text);
  const again = findRegion(changed, name, file);
  const rest = (whole: string, end: number): string => whole.slice(end);
  if (again.ok && rest(changed, again.value.end) === rest(text, region.value.end)) return changed;
  throw new FailureError([
    {
      code: 'table-breaks-region',
      message: `table ${name} cannot be put into the file: its text holds a marker or an open code block`,
      place: { file },
      expected: 'a template whose text leaves the markers around it alone',
    },
  ]);
}

/** Opens the file of a table once, whichever of its names the table uses. */
async function draftOf(drafts: Map<string, Draft>, path: string, file: string): Promise<Draft> {
  const opened = await openText(path, file, 'r+');
  const draft = drafts.get(opened.path) ?? { opened, text: opened.text };
  drafts.set(opened.path, draft);
  return draft;
}

/**
 * Puts rendered tables into their files, each between its markers. All files are read and all regions found before the
 * first is written; each is replaced in one step, and a file that holds the same results already is not touched.
 *
 * @param tables - rendered tables; those without `into` are left out
 * @param root - absolute path of the project's root
 * @returns which tables went where
 * @throws FailureError with all failures; nothing is written then
 */
export async function writeTables(tables: readonly RenderedTable[], root: string): Promise<readonly WrittenFile[]> {
  const drafts = new Map<string, Draft>();
  const failures: Failure[] = [];
  const written: WrittenFile[] = [];
  for (const rendered of tables) {
    const { into: file, name: table } = rendered.table;
    const path = placeOf(rendered.table, root);
    if (file === undefined || path === undefined) continue;
    await collect(failures, async () => {
      const draft = await draftOf(drafts, path, file);
      const text = placeTable(draft.text, file, rendered);
      draft.text = text ?? draft.text;
      written.push({ what: `table ${table}`, file, changed: text !== undefined });
    });
  }
  if (failures.length > 0) throw new FailureError(failures);
  for (const { opened, text } of drafts.values()) if (text !== opened.text) rewrite(opened, text);
  return written;
}

/**
 * Compares rendered tables with what their files hold. Run, commit and command may differ: the results count.
 *
 * @param tables - rendered tables; those without `into` are left out
 * @param root - absolute path of the project's root
 * @returns the tables that differ
 * @throws FailureError for files that cannot be read and for markers that are missing or wrong
 */
export async function checkTables(tables: readonly RenderedTable[], root: string): Promise<readonly Drift[]> {
  const failures: Failure[] = [];
  const drifts: Drift[] = [];
  for (const rendered of tables) {
    const { into: file, name: table } = rendered.table;
    const path = placeOf(rendered.table, root);
    if (file === undefined || path === undefined) continue;
    await collect(failures, async () => {
      const { text } = await openText(path, file, 'r');
      const region = findRegion(text, table, file);
      if (!region.ok) throw new FailureError(region.failures);
      const content = regionContent(text, region.value);
      if (isSameTable(content, rendered)) return;
      drifts.push({ file, what: `table ${table}`, diff: lineDiff(content, rendered.text.trimEnd()) });
    });
  }
  if (failures.length > 0) throw new FailureError(failures);
  return drifts;
}

/**
 * Finds what is wrong with the files that tables will go into, before a run that would end there.
 *
 * @param tables - tables of a plan
 * @param root - absolute path of the project's root
 * @returns a failure for each file that may not be written and each marker that is missing or wrong
 */
export async function checkPlaces(tables: readonly TablePlan[], root: string): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  for (const table of tables) {
    const path = placeOf(table, root);
    if (path === undefined) continue;
    const file = table.into ?? path;
    await collect(failures, async () => {
      const region = findRegion((await openText(path, file, 'r+')).text, table.name, file);
      if (!region.ok) failures.push(...region.failures);
    });
  }
  return failures;
}
