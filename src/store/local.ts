import { rmdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Key } from '../core/plan.ts';
import { sha256 } from '../fingerprint/digest.ts';
import { diskFailure } from './disk-failure.ts';
import { draftPath, LocalDraft, removeEntry } from './draft.ts';
import { holds, makeEntry, stampOf, validate, type Stamp } from './entry.ts';
import { statIfPresent } from './files/stat-if-present.ts';
import { namesIn } from './files/names-in.ts';
import { HintIndex } from './hint-index.ts';
import { entryPath, isKey, manifestName, parts } from './layout.ts';
import { Locks } from './lock.ts';
import type { Draft, Entry, Lock, Seal, Store } from './store.ts';

/** Numbers in a stamp. */
const stampSize = 3;

/** A store in a folder: `<root>/<2 hex>/<key>/` holds `manifest.json` and the files of a result. */
class LocalStore implements Store {
  readonly root: string;
  readonly #hints: HintIndex;
  readonly #locks: Locks;

  constructor(root: string) {
    this.root = root;
    this.#locks = new Locks(join(root, parts.locks));
    this.#hints = new HintIndex(join(root, parts.index));
  }

  readonly find = (key: Key): Entry | undefined => {
    const path = entryPath(this.root, key);
    const manifest = stampOf(`${path}/${manifestName}`);
    if (!manifest) return undefined;
    let hint = this.#hints.get(key);
    if (!hint || !holds(hint, path, manifest)) {
      hint = validate(path, key, manifest, hint);
      if (!hint) return undefined;
      this.#hints.put(key, hint);
    }
    return makeEntry(key, path, hint.outputs);
  };

  seal(keys: Iterable<Key>): Seal | undefined {
    const places: [Key, readonly string[]][] = [];
    const seen: (readonly [path: string, stamp: Stamp])[] = [];
    for (const key of keys) {
      const hint = this.#hints.get(key);
      if (!hint) return undefined;
      const stamps = [[manifestName, hint.manifest] as const, ...hint.folders, ...hint.files];
      places.push([key, stamps.map(([path]) => path)]);
      for (const stamp of stamps) seen.push(stamp);
    }
    const state = new Float64Array(seen.length * stampSize);
    for (const [at, [, stamp]] of seen.entries()) state.set(stamp, at * stampSize);
    return { places, state: sha256(new Uint8Array(state.buffer)) };
  }

  isIntact({ places, state }: Seal): boolean {
    let count = 0;
    for (const [, paths] of places) count += paths.length;
    // Numbers in one piece of memory: as texts they would take a third of the time in which a run finds nothing to do.
    const seen = new Float64Array(count * stampSize);
    let at = 0;
    for (const [key, paths] of places) {
      const entry = entryPath(this.root, key);
      for (const path of paths) {
        const stats = statIfPresent(path === '' ? entry : `${entry}/${path}`);
        if (!stats) return false;
        seen[at++] = stats.size;
        seen[at++] = stats.mtimeMs;
        seen[at++] = stats.ino;
      }
    }
    return state === sha256(new Uint8Array(seen.buffer));
  }

  draft(key: Key): Promise<Draft> {
    return this.#onDisk('beginning a result', async () => {
      const path = draftPath(this.root, key);
      await mkdir(path, { recursive: true });
      return new LocalDraft(path, this.root, key, this.find);
    });
  }

  lock(key: Key, signal: AbortSignal, onWait: (holder: string) => void): Promise<Lock> {
    return this.#onDisk('locking a result', () => this.#locks.lock(key, signal, onWait));
  }

  holders(onWatch?: (holder: string) => void): Promise<ReadonlyMap<Key, string>> {
    return this.#locks.holders(onWatch);
  }

  sweepLocks(): Promise<void> {
    return this.#locks.sweep();
  }

  scratch(key: Key): Promise<string> {
    return this.#onDisk('making a folder for checkpoints', async () => {
      const path = join(this.root, parts.scratch, key);
      await mkdir(path, { recursive: true });
      return path;
    });
  }

  async clearScratch(key: Key): Promise<void> {
    const path = join(this.root, parts.scratch, key);
    try {
      // Most stages leave it empty, and this is much cheaper.
      rmdirSync(path);
    } catch {
      await rm(path, { recursive: true, force: true });
    }
  }

  keys(): readonly Key[] {
    return namesIn(this.root)
      .filter((shard) => /^[0-9a-f]{2}$/.test(shard))
      .flatMap((shard) => namesIn(join(this.root, shard)).filter((name) => isKey(name) && name.startsWith(shard)))
      .sort();
  }

  remove(key: Key): Promise<void> {
    return removeEntry(this.root, key);
  }

  /** Does something that may find the disk full or read-only. */
  async #onDisk<T>(doing: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw diskFailure(error, doing, this.root);
    }
  }
}

/**
 * Opens a store. Nothing is written before something is stored; a folder that is not there is an empty store.
 *
 * @param root - path of the store's folder: `runs/.store`
 * @returns the store
 */
export function openStore(root: string): Store {
  return new LocalStore(resolve(root));
}
