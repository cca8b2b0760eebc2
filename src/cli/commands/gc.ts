import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { isJsonObject } from '../../core/json.ts';
import type { Key } from '../../core/plan.ts';
import { readSubmitted } from '../../record/arrays.ts';
import { lastResultsFile, readLastResults } from '../../record/last-results.ts';
import { listRuns, readEvents } from '../../record/past-runs.ts';
import { queuedKeys } from '../../record/queued-keys.ts';
import { sweepRecords } from '../../record/sweep-records.ts';
import { collect, removeCollected } from '../../store/gc.ts';
import { manifestName } from '../../store/layout.ts';
import type { Store } from '../../store/store.ts';
import { fileSize } from '../../util/file-size.ts';
import { pluralize } from '../../util/text.ts';
import { join } from 'node:path';
import { examples, ageArgument, positiveInteger, sizeArgument } from '../options.ts';
import { openProject } from '../../project/project.ts';
import { pipelinesIn } from '../../project/recent.ts';
import { columns, print, printError } from '../terminal.ts';

interface CollectFlags {
  readonly olderThan?: number;
  readonly maxSize?: number;
  readonly runs?: number;
  readonly checkpoints?: boolean;
  readonly yes?: boolean;
}

/**
 * `kdpipe gc`: removes results that no run refers to. Says what it would do, and does it with `--yes`.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('gc')
    .option('--runs <n>', 'only the latest n runs of each pipeline count', positiveInteger)
    .option('--older-than <age>', 'only what is older: 12h, 30d', ageArgument)
    .option('--max-size <size>', 'only until the store is this small: 500M, 10G', sizeArgument)
    .option('--checkpoints', 'the ends of finished trainings too, from which more epochs would go on')
    .option('--yes', 'remove; without it nothing is removed')
    .addHelpText('after', examples('kdpipe gc', 'kdpipe gc --runs 5 --older-than 30d --yes'))
    .action(async (flags: CollectFlags) => {
      const { store, runsFolder } = openProject();
      const rules = {
        keep: neededBy(store, referredBy(runsFolder, flags.runs ?? Infinity)),
        ...(flags.olderThan === undefined ? {} : { olderThan: flags.olderThan }),
        ...(flags.checkpoints && { checkpoints: true }),
        ...(flags.maxSize === undefined ? {} : { maxBytes: flags.maxSize }),
        now: Date.now(),
      };
      const collection = await collect(store, rules, (holder) =>
        printError(`looks for up to a minute whether ${holder} still works on a result`),
      );
      if (collection.items.length)
        print(
          columns(
            collection.items.map(({ type, key, path, bytes, reason }) => [
              type,
              key.slice(0, 12),
              cellIn(store, key, path),
              fileSize(bytes),
              reason,
            ]),
          ),
        );
      const freed = `${pluralize(collection.items.length, 'item')}, ${fileSize(collection.bytes)}; ${fileSize(collection.remaining)} stay`;
      if (flags.yes) {
        await removeCollected(store, collection);
        for (const pipeline of pipelinesIn(runsFolder)) sweepRecords(runsFolder, pipeline, rules.now);
      }
      print(
        flags.yes ? `removed ${freed}` : `would remove ${freed}${collection.items.length ? ' (--yes removes)' : ''}`,
      );
    });
}

/** The cell that a result is, or was to be, of; a dash where nothing says it. */
function cellIn(store: Store, key: Key, path: string): string {
  const result = store.find(key);
  if (result) return result.manifest().cell;
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(path, manifestName), 'utf8'));
    return isJsonObject(manifest) && typeof manifest['cell'] === 'string' ? manifest['cell'] : '–';
  } catch {
    return '–';
  }
}

/** What runs refer to. */
interface Referred {
  /** Keys that their events, and the last results of each pipeline, name. */
  readonly keys: Set<Key>;
  /** Names of the runs. */
  readonly runs: ReadonlySet<string>;
}

function referredBy(runsFolder: string, latest: number): Referred {
  const keys = new Set<Key>();
  const runs = new Set<string>();
  for (const pipeline of pipelinesIn(runsFolder)) {
    for (const { key } of readLastResults(lastResultsFile(runsFolder, pipeline)).values()) keys.add(key);
    for (const [at, run] of listRuns(runsFolder, pipeline).toReversed().entries()) {
      const folder = join(runsFolder, pipeline, run);
      if (at >= latest && !readSubmitted(folder)) continue;
      const events = readEvents(folder);
      const queued = queuedKeys(folder, events);
      // What stands in the queue of a cluster needs what it needs, however many runs have come after.
      if (at >= latest && !queued) continue;
      runs.add(run);
      for (const key of queued ?? []) keys.add(key);
      for (const event of events) if ('key' in event && event.key !== null) keys.add(event.key);
    }
  }
  return { keys, runs };
}

/**
 * All results that are needed: those that runs refer to, those that they have made although a loss of power took their
 * events, and what each of these was made from, which reruns of its dependents need.
 */
function neededBy(store: Store, { keys, runs }: Referred): ReadonlySet<Key> {
  for (const key of store.keys()) if (runs.has(store.find(key)?.manifest().run ?? '')) keys.add(key);
  for (const key of keys) for (const input of store.find(key)?.manifest().inputs ?? []) keys.add(input.key);
  return keys;
}
