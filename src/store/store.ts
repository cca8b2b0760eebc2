import type { JsonObject } from '../core/json.ts';
import type { CellId, Digest, Key } from '../core/plan.ts';

/** One output as the manifest records it. */
export interface StoredOutput {
  /** File or folder relative to the entry. */
  readonly path: string;
  /** Of a file: SHA-256 of its bytes. Of a folder: SHA-256 of its sorted list of (path, digest), empty folders in it. */
  readonly digest: Digest;
  /** The same of its files as they are, where `digest` is of another form that they stand for. */
  readonly files?: Digest;
}

/** `manifest.json` of a store entry: what made it and what is in it. */
export interface Manifest {
  readonly format: 1;
  readonly key: Key;
  readonly cell: CellId;
  readonly kind: string;
  readonly resultVersion: number;
  /** Full parameters, references as `{ "$input": name }`. */
  readonly params: JsonObject;
  readonly inputs: readonly {
    readonly name: string;
    readonly cell: CellId;
    readonly key: Key;
    readonly output: string;
    readonly digest: Digest;
  }[];
  readonly sources: readonly { readonly name: string; readonly path: string; readonly digest: Digest }[];
  readonly outputs: Readonly<Record<string, StoredOutput>>;
  readonly files: readonly { readonly path: string; readonly size: number; readonly digest: Digest }[];
  /** Folders in which nothing is, relative to the entry; left out where there are none. */
  readonly emptyFolders?: readonly string[];
  readonly metrics: JsonObject;
  /** Engine, device, library versions, as the stage reported them. */
  readonly environment: JsonObject;
  readonly versions: { readonly kdpipe: string; readonly node: string };
  readonly host: string;
  readonly commit: string | null;
  readonly run: string;
  readonly attempt: number;
  /** Milliseconds since the Unix epoch. */
  readonly started: number;
  readonly seconds: number;
  /** Last lines of the log. */
  readonly tail: readonly string[];
}

/** What a lookup needs to know of an entry: enough for the keys of those that read it. */
export interface Entry {
  readonly key: Key;
  /** Absolute path. */
  readonly path: string;
  readonly outputs: Readonly<Record<string, StoredOutput>>;
  /** Reads the whole manifest. */
  manifest(): Manifest;
}

/** The state of many entries in short: while it is the same, each of them is valid. */
export interface Seal {
  /** All that is looked at: manifests, folders and files of each entry, relative to it. */
  readonly places: readonly (readonly [key: Key, paths: readonly string[]])[];
  /** Digest of what was seen there. */
  readonly state: Digest;
}

/** A private folder in which a result is made. */
export interface Draft {
  /** Absolute path, on the store's disk. */
  readonly path: string;
  /**
   * Makes sure that no draft of the key that is there beside this one can be committed any more: for whoever has the key's
   * lock, which the one who began those has lost, dead or not.
   */
  fence(): Promise<void>;
  /** Checks that the outputs exist, digests and fsyncs all files, writes the manifest, and renames once into place. */
  commit(manifest: DraftManifest): Promise<Entry>;
  /** Keeps the files for a look under `.tainted/`, never as a hit. Returns the folder. */
  taint(manifest: DraftManifest, changed: readonly string[]): Promise<string>;
  discard(): Promise<void>;
}

/**
 * A manifest before its files are known; `outputs` maps names to paths inside the draft, `standsFor` names to the files that an
 * output stands for, by their digests.
 */
export type DraftManifest = Omit<Manifest, 'format' | 'files' | 'emptyFolders' | 'outputs'> & {
  readonly outputs: Readonly<Record<string, string>>;
  readonly standsFor?: Readonly<Record<string, Readonly<Record<string, Digest>>>>;
};

/** A held lock. */
export interface Lock {
  /** Aborted some time after another process has taken it over, which had seen no sign of life for long. */
  readonly lost: AbortSignal;
  /** Looks whether it still is. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

/** Content-addressed results under one root folder. */
export interface Store {
  readonly root: string;
  /** The entry of a key, if a valid one is there. Synchronous and fast (an index is only a hint, never believed). */
  find(key: Key): Entry | undefined;
  /** Sums up entries that were found; undefined when one of them was not. */
  seal(keys: Iterable<Key>): Seal | undefined;
  /** True while nothing has changed about sealed entries. Much faster than finding each of them. */
  isIntact(seal: Seal): boolean;
  draft(key: Key): Promise<Draft>;
  /** Waits until no other live process holds the key; `onWait` is told once who does. */
  lock(key: Key, signal: AbortSignal, onWait: (holder: string) => void): Promise<Lock>;
  /** Finds out which keys live processes hold, and who. May take a minute, where only watching tells: `onWatch` is told whom. */
  holders(onWatch?: (holder: string) => void): Promise<ReadonlyMap<Key, string>>;
  /** Removes what dead processes have left of their locks. */
  sweepLocks(): Promise<void>;
  /** Folder that survives kills, one a key: checkpoints. Created when asked for. */
  scratch(key: Key): Promise<string>;
  /** Removes a key's scratch folder, if any. */
  clearScratch(key: Key): Promise<void>;
  keys(): readonly Key[];
  remove(key: Key): Promise<void>;
}
