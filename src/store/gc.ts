import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Key } from '../core/plan.ts';
import { removeCheckpoint } from './checkpoints.ts';
import { parts } from './layout.ts';
import { takeInventory, type StoredItem } from './inventory.ts';
import type { Store } from './store.ts';

/** What may go. */
export interface CollectionRules {
  /** Keys that runs refer to: their results and checkpoints stay. */
  readonly keep: ReadonlySet<Key>;
  /** Whether the kept ends of all results go, which only longer results read. They go with their results by default. */
  readonly checkpoints?: boolean;
  /** Only what has not been changed for this long, seconds. Tainted results stay a week by default. */
  readonly olderThan?: number;
  /** Results go, oldest first, only until the store is this small. All that may go by default. */
  readonly maxBytes?: number;
  /** The time, milliseconds since the Unix epoch. */
  readonly now: number;
}

/** Something that goes, and why. */
export interface CollectedItem extends StoredItem {
  readonly reason: string;
}

/** What a collection would do. */
export interface Collection {
  /** What goes, oldest first. */
  readonly items: readonly CollectedItem[];
  /** Bytes that this frees. */
  readonly bytes: number;
  /** Bytes that stay. */
  readonly remaining: number;
}

/** How long tainted results stay for a look, seconds. */
const taintedFor = 7 * 24 * 3600;

const sizeOf = (items: readonly StoredItem[]): number => items.reduce((sum, { bytes }) => sum + bytes, 0);

const isUnused = ({ key }: StoredItem, { keep, olderThan = 0 }: CollectionRules, age: number): boolean =>
  !keep.has(key) && age >= olderThan;

/** Why something may go; undefined when it stays. */
function reasonFor(item: StoredItem, rules: CollectionRules, entries: ReadonlySet<Key>): string | undefined {
  const age = (rules.now - item.modified) / 1000;
  if (item.locked) return undefined;
  switch (item.type) {
    case 'entry':
      return isUnused(item, rules, age) ? 'no run refers to it' : undefined;
    case 'draft':
      return 'its run is gone';
    case 'scratch':
      if (entries.has(item.key)) return 'checkpoints of a result that is there';
      return rules.keep.has(item.key) ? undefined : 'checkpoints that no run refers to';
    case 'checkpoint':
      if (rules.checkpoints) return 'the end of a result, kept for longer ones';
      return isUnused(item, rules, age) ? 'the end of a result that no run refers to' : undefined;
    case 'tainted':
      return age >= (rules.olderThan ?? taintedFor) ? 'tainted, kept for a look' : undefined;
  }
}

/**
 * Decides what a collection removes. Pure.
 *
 * @param items - everything in the store
 * @param rules - what may go
 * @returns what goes and what that frees
 */
export function planCollection(items: readonly StoredItem[], rules: CollectionRules): Collection {
  const entries = new Set(items.filter(({ type }) => type === 'entry').map(({ key }) => key));
  const removable = items
    .map((item) => ({ ...item, reason: reasonFor(item, rules, entries) ?? '' }))
    .filter(({ reason }) => reason !== '')
    .sort((a, b) => a.modified - b.modified);
  // Litter always goes; results only as far as the wanted size asks for it.
  let size = sizeOf(items) - sizeOf(removable.filter(({ type }) => type !== 'entry'));
  const going = removable.filter(({ type, bytes }) => {
    if (type !== 'entry') return true;
    if (rules.maxBytes !== undefined && size <= rules.maxBytes) return false;
    size -= bytes;
    return true;
  });
  return { items: going, bytes: sizeOf(going), remaining: size };
}

/**
 * Looks at a store and decides what a collection removes; removes nothing.
 *
 * @param store - the store
 * @param rules - what may go
 * @param onWatch - told of a process of which only watching tells whether it lives, which may take a minute
 * @returns what would go and what that frees
 */
export async function collect(
  store: Store,
  rules: CollectionRules,
  onWatch?: (holder: string) => void,
): Promise<Collection> {
  return planCollection(await takeInventory(store, onWatch), rules);
}

/**
 * Removes what a collection decided on.
 *
 * @param store - the store
 * @param collection - from {@link collect}
 */
export async function removeCollected(store: Store, collection: Collection): Promise<void> {
  for (const { type, key, path } of collection.items) {
    if (type === 'entry') await store.remove(key);
    else if (type === 'checkpoint') await removeCheckpoint(path);
    else await rm(path, { recursive: true, force: true });
  }
  await store.sweepLocks();
  // Notes of runs that left nothing to do; the next run writes its own again.
  await rm(join(store.root, parts.settled), { recursive: true, force: true });
}
