import type { RunningCell } from '../core/run-state.ts';
import { displayWidth, padEnd, shorten } from '../util/display-width.ts';
import { smallest } from '../util/extremes.ts';
import { groupBy } from '../util/group.ts';
import {
  activity,
  cohortProgress,
  detailLevels,
  leastActivity,
  memberActivity,
  type Detail,
  type Moment,
} from './activity.ts';
import { commonName, distinctNames, memberLabels, stageOf } from './cell-name.ts';
import type { Line } from './line.ts';

/** The room that the running cells have, and the moment that is shown. */
export interface RunningOptions extends Moment {
  readonly columns: number;
  readonly lines: number;
}

/** Columns that a name keeps, however long its facts are. */
const shortestName = 16;

/** What runs on one slot: a cell alone, or the members of a cohort that still run. */
interface Block {
  /** The cell, or one that stands for the cohort. */
  readonly entry: RunningCell;
  readonly members: readonly RunningCell[];
  /** The whole name, and one with what tells it from the other blocks. */
  readonly names: readonly [full: string, distinct: string];
}

const idsOf = (entries: readonly RunningCell[]) => entries.map(({ cell }) => cell);

/** What stands for the members of a cohort: nothing but what they have in common. */
function standIn(members: readonly RunningCell[]): RunningCell | undefined {
  const [first] = members;
  if (!first || members.length < 2) return first;
  const { cell, attempt } = first;
  const progress = cohortProgress(members);
  const since = smallest(members.map((member) => member.since));
  return { cell, since, attempt, ...(progress && { progress }) };
}

/** Blocks in the order in which they started, with their names. */
function blocksOf(running: readonly RunningCell[]): readonly Block[] {
  const byStage = groupBy(running, ({ cell }) => stageOf(cell));
  const distinct = new Map<string, string>();
  for (const entries of byStage.values()) {
    const ids = idsOf(entries);
    distinctNames(ids).forEach((name, at) => distinct.set(ids[at] ?? '', name));
  }
  const groups = groupBy(running, ({ cell, cohort }) => cohort?.first ?? cell);
  return [...groups.values()].flatMap((members): readonly Block[] => {
    const entry = standIn(members);
    if (!entry) return [];
    const { cell } = entry;
    if (members.length < 2) return [{ entry, members, names: [cell, distinct.get(cell) ?? cell] }];
    const ids = idsOf(members);
    const same = idsOf(byStage.get(stageOf(cell)) ?? []);
    const times = ` ×${members.length}`;
    return [{ entry, members, names: [commonName(ids) + times, commonName(ids, same) + times] }];
  });
}

const widest = (texts: readonly string[]): number =>
  texts.reduce((most, text) => Math.max(most, displayWidth(text)), 0);

/** How the rows of all blocks are written, so that they stand in columns. */
type Layout =
  | { readonly lines: 1; readonly names: readonly string[]; readonly detail: Detail }
  | { readonly lines: 2; readonly names: readonly string[] };

/** Chooses the layout that says most: whole names, then what tells them apart, then two lines, then fewer facts. */
function layoutOf(blocks: readonly Block[], options: RunningOptions, spare: boolean): Layout {
  const room = (detail: Detail): number =>
    options.columns - 4 - widest(blocks.map(({ entry }) => leastActivity(entry, detail, options)));
  const [full, distinct] = [blocks.map(({ names }) => names[0]), blocks.map(({ names }) => names[1])];
  for (const names of [full, distinct]) if (widest(names) <= room(0)) return { lines: 1, names, detail: 0 };
  if (spare) return { lines: 2, names: widest(full) <= options.columns - 2 ? full : distinct };
  const detail = detailLevels.find((level) => widest(distinct) <= room(level)) ?? 4;
  const most = Math.max(shortestName, room(detail));
  return { lines: 1, names: distinct.map((name) => shorten(name, most)), detail };
}

/** The line or two of a block, without its members. */
function rowsOf(blocks: readonly Block[], layout: Layout, options: RunningOptions): readonly (readonly Line[])[] {
  const nameColumns = widest(layout.names);
  return blocks.map(({ entry }, at): readonly Line[] => {
    const name = layout.names[at] ?? entry.cell;
    if (layout.lines === 1)
      return [{ text: `  ${padEnd(name, nameColumns)}  ${activity(entry, layout.detail, options)}` }];
    return [
      { text: `  ${shorten(name, options.columns - 2)}` },
      { text: `    ${activity(entry, 0, options)}`, style: 'dim' },
    ];
  });
}

/** How the members of cohorts are shown. */
const memberStyles = ['named', 'short', 'bare', 'none'] as const;
type MemberStyle = (typeof memberStyles)[number];

/** The members of a cohort in columns, read line by line. */
function memberLines({ entry, members }: Block, style: MemberStyle, columns: number): readonly Line[] {
  if (style === 'none' || members.length < 2) return [];
  const { named, short } = memberLabels(idsOf(members));
  const labels = style === 'named' ? named : short;
  const labelColumns = widest(labels);
  const items = members.map((member, at) => {
    const facts = style === 'bare' ? '' : memberActivity(member, entry.progress);
    return facts === '' ? (labels[at] ?? '') : `${padEnd(labels[at] ?? '', labelColumns)}  ${facts}`;
  });
  const width = widest(items);
  const across = Math.max(1, Math.floor((columns - 4 + 3) / (width + 3)));
  const rows = Math.ceil(items.length / across);
  return Array.from({ length: rows }, (_, row) => {
    const cells = items.slice(row * across, (row + 1) * across).map((item) => padEnd(item, width));
    return { text: `    ${cells.join('   ')}`.trimEnd(), style: 'dim' as const };
  });
}

/** The members of all cohorts, in the richest style for which there is room. */
function allMembers(blocks: readonly Block[], { columns, lines }: RunningOptions): readonly (readonly Line[])[] {
  const styles = memberStyles.map((style) => blocks.map((block) => memberLines(block, style, columns)));
  const fits = styles.find((each) => each.flat().length + blocks.length <= lines);
  return fits ?? blocks.map(() => []);
}

/**
 * The lines of what runs: a line a cell, or two where names are long and there is room; of a cohort one line with its
 * rate and ETA, its members below. Names are cut to what tells the running cells apart before facts are left out; an ETA
 * is never cut.
 *
 * @param running - the running cells
 * @param options - the room and the moment
 * @returns no more lines than there is room for; a last one says how many cells are left out
 */
export function runningLines(running: readonly RunningCell[], options: RunningOptions): readonly Line[] {
  const { lines } = options;
  const all = blocksOf(running);
  const blocks = all.length <= lines ? all : all.slice(0, Math.max(0, lines - 1));
  const hidden = running.length - blocks.reduce((sum, { members }) => sum + members.length, 0);
  const members = allMembers(blocks, hidden > 0 ? { ...options, lines: lines - 1 } : options);
  const taken = members.flat().length + (hidden > 0 ? 1 : 0);
  const layout = layoutOf(blocks, options, blocks.length * 2 + taken <= lines);
  const rows = rowsOf(blocks, layout, options);
  const rest: readonly Line[] = hidden > 0 ? [{ text: `  … and ${hidden} more running`, style: 'dim' }] : [];
  return [...blocks.flatMap((_, at) => [...(rows[at] ?? []), ...(members[at] ?? [])]), ...rest].slice(
    0,
    Math.max(0, lines),
  );
}
