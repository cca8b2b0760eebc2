import { fail, FailureError, type Failure } from '../../core/failure.ts';
import type { Plan, TablePlan } from '../../core/plan.ts';
import { unwrap } from '../../core/result.ts';
import { tableFile, type Marking } from '../../core/table-file.ts';
import { collect } from '../files/collect.ts';
import { lineDiff } from '../files/line-diff.ts';
import { isTaken, requireCreatable, writeOwn } from '../files/new-file.ts';
import type { Drift, WrittenFile } from '../files/written-file.ts';
import { openText, rewrite, type OpenedFile } from '../files/replace-file.ts';
import { findRegion, newRegion, regionContent, withRegion } from './region.ts';
import { isSameTable, placeOf, renderTables, type RenderedTable } from './render-tables.ts';
import { requireOwn, wholeContent } from './whole-file.ts';

/** A file and what becomes of it. */
interface Draft {
  readonly path: string;
  /** As the pipeline names it. */
  readonly file: string;
  /** Undefined for a file that has to be made. */
  readonly opened: OpenedFile | undefined;
  /** The first table that goes into it. */
  readonly first: string;
  /** True for a file that is one table. */
  readonly whole: boolean;
  text: string;
}

/** Where a table goes. */
interface Place {
  readonly table: TablePlan;
  /** As the pipeline names it. */
  readonly file: string;
  readonly path: string;
}

/** A rendered table and where it goes. */
interface Placed extends Place {
  readonly rendered: RenderedTable;
}

/** Where a table goes, as a list of one; an empty one for a table that goes nowhere. */
function placesOf(table: TablePlan, root: string): readonly Place[] {
  const path = placeOf(table, root);
  return table.into === undefined || path === undefined ? [] : [{ table, file: table.into, path }];
}

/** The tables that go into files. */
function placedOf(tables: readonly RenderedTable[], root: string): readonly Placed[] {
  return tables.flatMap((rendered) => placesOf(rendered.table, root).map((place) => ({ ...place, rendered })));
}

/** Puts a table between its markers; undefined when it is there already. */
function placeInRegion(text: string, { rendered, table, file }: Placed, marking: Marking): string | undefined {
  const { name } = table;
  const place = { name, file, marking };
  const region = unwrap(findRegion(text, place));
  if (isSameTable(regionContent(text, region), rendered)) return undefined;
  const changed = withRegion(text, region, rendered.text);
  const again = findRegion(changed, place);
  const rest = (whole: string, end: number): string => whole.slice(end);
  if (again.ok && rest(changed, again.value.end) === rest(text, region.end)) return changed;
  return fail({
    code: 'table-breaks-region',
    message: `table ${name} cannot be put into the file: its text holds a marker or an open code block`,
    place: { file },
    expected: 'a template whose text leaves the markers around it alone',
  });
}

/** Makes a table the whole text of its file; undefined when it is that already. */
function placeWhole(text: string, { rendered, file }: Placed): string | undefined {
  if (isSameTable(wholeContent(text), rendered)) return undefined;
  requireOwn(text, rendered, file);
  return rendered.text;
}

/** The failure for a second table of a file that is one table. */
function refuseSecond(one: string, other: string, file: string): never {
  return fail({
    code: 'one-file',
    message: `tables ${one} and ${other} go into the same file, which can only be one table`,
    place: { file },
    expected: 'one CSV or JSON file for each table',
  });
}

/** Opens a file by one of its names; the draft that it has already by another. */
async function openDraft(drafts: Map<string, Draft>, { table, file, path }: Place, whole: boolean): Promise<Draft> {
  const opened = isTaken(path) ? await openText(path, file, 'r+') : undefined;
  if (!opened) requireCreatable(path, file);
  const real = opened?.path ?? path;
  const draft = drafts.get(real) ?? { path, file, opened, first: table.name, whole, text: opened?.text ?? '' };
  drafts.set(real, draft);
  return draft;
}

/** The file of a table, opened once, whichever of its names the table uses. */
async function draftOf(drafts: Map<string, Draft>, { table, file, path }: Place): Promise<Draft> {
  const whole = tableFile(file).marking === undefined;
  const draft = drafts.get(path) ?? (await openDraft(drafts, { table, file, path }, whole));
  if (draft.first !== table.name && (draft.whole || whole)) refuseSecond(draft.first, table.name, file);
  drafts.set(path, draft);
  return draft;
}

/** Puts a table into a draft; undefined when it is there already. */
function placeTable({ opened, text }: Draft, placed: Placed): string | undefined {
  const { marking } = tableFile(placed.file);
  if (!marking) return placeWhole(text, placed);
  if (opened) return placeInRegion(text, placed, marking);
  const apart = text === '' ? '' : '\n';
  return placeInRegion(text + apart + newRegion({ name: placed.table.name, marking }), placed, marking);
}

/**
 * Puts rendered tables into their files: each between its markers, or as a whole where the file is of a language without
 * comments. A file that is missing is made, with its markers. All files are read and all regions found before the first is
 * written; each is replaced in one step, and a file that holds the same results already is not touched.
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
  for (const placed of placedOf(tables, root)) {
    await collect(failures, async () => {
      const draft = await draftOf(drafts, placed);
      const text = placeTable(draft, placed);
      draft.text = text ?? draft.text;
      const { table, file } = placed;
      written.push({ what: `table ${table.name}`, file, changed: text !== undefined });
    });
  }
  if (failures.length > 0) throw new FailureError(failures);
  for (const { opened, path, file, text } of new Set(drafts.values())) {
    if (!opened) writeOwn(path, file, text);
    else if (text !== opened.text) rewrite(opened, text);
  }
  return written;
}

/** What a file holds of a table; undefined where there is no file yet. */
async function contentOf({ rendered, table, file, path }: Placed): Promise<string | undefined> {
  if (!isTaken(path)) return undefined;
  const { text } = await openText(path, file, 'r');
  const { marking } = tableFile(file);
  if (marking) return regionContent(text, unwrap(findRegion(text, { name: table.name, file, marking })));
  requireOwn(text, rendered, file);
  return wholeContent(text);
}

/**
 * Compares rendered tables with what their files hold. Run, commit and command may differ: the results count.
 *
 * @param tables - rendered tables; those without `into` are left out
 * @param root - absolute path of the project's root
 * @returns the tables that differ, or whose file is missing
 * @throws FailureError for files that cannot be read and for markers that are missing or wrong
 */
export async function checkTables(tables: readonly RenderedTable[], root: string): Promise<readonly Drift[]> {
  const failures: Failure[] = [];
  const drifts: Drift[] = [];
  for (const placed of placedOf(tables, root)) {
    const { rendered, table, file } = placed;
    await collect(failures, async () => {
      const content = await contentOf(placed);
      if (content !== undefined && isSameTable(content, rendered)) return;
      const diff = content === undefined ? ['there is no such file'] : lineDiff(content, rendered.text.trimEnd());
      drifts.push({ file, what: `table ${table.name}`, diff });
    });
  }
  if (failures.length > 0) throw new FailureError(failures);
  return drifts;
}

/**
 * Says whether nothing stands yet where a table goes.
 *
 * @param table - a table
 * @param root - absolute path of the project's root
 * @returns true for a file that is missing or blank, and for markers with nothing in between
 * @throws FailureError when the file cannot be read, or its markers are missing or wrong
 */
export async function isEmptyPlace(table: TablePlan, root: string): Promise<boolean> {
  for (const { file, path } of placesOf(table, root)) {
    if (!isTaken(path)) continue;
    const { text } = await openText(path, file, 'r');
    const { marking } = tableFile(file);
    const content = marking ? regionContent(text, unwrap(findRegion(text, { name: table.name, file, marking }))) : text;
    if (wholeContent(content) !== '') return false;
  }
  return true;
}

/** Renders a table without results: enough to know an earlier one by. Undefined for one that cannot be rendered. */
async function emptyTable(plan: Plan, table: TablePlan, pipelineFolder: string): Promise<RenderedTable | undefined> {
  const context = { run: 'none', commit: null, command: 'kdpipe', pipelineFolder };
  try {
    const [rendered] = await renderTables({ ...plan, tables: [table] }, new Map(), context);
    return rendered;
  } catch (error) {
    // `tableProblems` says what is wrong with it.
    if (error instanceof FailureError) return undefined;
    throw error;
  }
}

/**
 * Finds what is wrong with the files that tables will go into, before a run that would end there. Nothing is made.
 *
 * @param plan - the plan
 * @param folders - where it stands
 * @param folders.pipelineFolder - absolute path of the pipeline file's folder
 * @param folders.root - absolute path of the project's root
 * @returns a failure for each file that may not be written or is not kdpipe's, and each marker that is missing or wrong
 */
export async function checkPlaces(
  plan: Plan,
  { pipelineFolder, root }: { readonly pipelineFolder: string; readonly root: string },
): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  const drafts = new Map<string, Draft>();
  for (const place of plan.tables.flatMap((table) => placesOf(table, root))) {
    await collect(failures, async () => {
      const { opened } = await draftOf(drafts, place);
      const { table, file } = place;
      const { marking } = tableFile(file);
      if (!opened) return;
      if (marking) unwrap(findRegion(opened.text, { name: table.name, file, marking }));
      else if (opened.text !== '') {
        const rendered = await emptyTable(plan, table, pipelineFolder);
        if (rendered) requireOwn(opened.text, rendered, file);
      }
    });
  }
  return failures;
}
