import { rmdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Digest, Key } from '../core/plan.ts';
import { sha256 } from '../fingerprint/digest.ts';
import { diskFailure } from './disk-failure.ts';
import { draftPath, LocalDraft, removeEntry } from './draft.ts';
import { holds, makeEntry, stampOf, validate, type Stamp } from './entry.ts';
import { namesIn } from './files/names-in.ts';
import { HintIndex } from './hint-index.ts';
import { entryPath, isKey, manifestName, parts } from './layout.ts';
import { Locks } from './lock.ts';
import type { Draft, Entry, Lock, Seal, Store } from './store.ts';

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
      hint = validate(path, key, manifest);
      if (!hint) return undefined;
      this.#hints.put(key, hint);
    }
    return makeEntry(key, path, hint.outputs);
  };

  seal(keys: Iterable<Key>): Seal | undefined {
    const seen: [string, Stamp][] = [];
    for (const key of keys) {
      const hint = this.#hints.get(key);
      if (!hint) return undefined;
      const entry = entryPath('', key).slice(1);
      seen.push([`${entry}/${manifestName}`, hint.manifest]);
      for (const [path, stamp] of hint.folders) seen.push([path === '' ? entry : `${entry}/${path}`, stamp]);
    }
    return { places: seen.map(([place]) => place), state: stateOf(seen.map(([, stamp]) => stamp)) };
  }

  isIntact({ places, state }: Seal): boolean {
    return state === stateOf(places.map((place) => stampOf(`${this.root}/${place}`)));
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

function stateOf(stamps: readonly (Stamp | undefined)[]): Digest {
  return sha256(stamps.map((stamp) => stamp?.join(' ') ?? 'nothing').join('\n'));
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
