import { isJsonObject, isList } from '../core/json.ts';
import type { Digest, Key } from '../core/plan.ts';
import { emptyFolder, folderDigest } from '../fingerprint/digest.ts';
import type { Manifest } from './store.ts';

/** The files that a manifest lists. */
export type ManifestFiles = Manifest['files'];

/**
 * The digest of an output, from the digests of an entry's files.
 *
 * @param path - file or folder relative to the entry; `.` is the entry itself
 * @param files - all files of the entry
 * @param emptyFolders - its folders in which nothing is
 * @returns a file's own digest, or the digest of all that is below the folder
 */
export function outputDigest(path: string, files: ManifestFiles, emptyFolders: readonly string[] = []): Digest {
  const file = files.find((one) => one.path === path);
  if (file) return file.digest;
  const all = [...files, ...emptyFolders.map(emptyFolder)];
  if (path === '.') return folderDigest(all);
  const prefix = `${path}/`;
  const below = all.filter((one) => one.path.startsWith(prefix) && one.path !== prefix);
  return folderDigest(below.map((one) => ({ path: one.path.slice(prefix.length), digest: one.digest })));
}

/**
 * Records an output.
 *
 * @param path - as in {@link outputDigest}
 * @param digest - its digest
 * @param standsFor - digests of the files that it stands for, by their paths relative to it; those that it has by default
 * @returns what the manifest says of it
 */
export function storedOutput(
  path: string,
  digest: Digest,
  standsFor?: Readonly<Record<string, Digest>>,
): Manifest['outputs'][string] {
  if (!standsFor) return { path, digest };
  const files = Object.entries(standsFor).map(([name, of]) => ({ path: name, digest: of }));
  return { path, digest: folderDigest(files), files: digest };
}

/** Whether a value is a mapping whose members are of these types. */
function hasTypes(value: unknown, types: Readonly<Record<string, 'string' | 'number'>>): boolean {
  return isJsonObject(value) && Object.entries(types).every(([name, type]) => typeof value[name] === type);
}

const isListOf = (value: unknown, types: Parameters<typeof hasTypes>[1]): boolean =>
  isList(value) && value.every((item) => hasTypes(item, types));

/** Whether a path leads from an entry to what is in it: nothing above it, no place of the machine. */
const isBelow = (path: string): boolean => path.split('/').every((name) => !['', '.', '..'].includes(name));

const isFileList = (value: unknown): value is ManifestFiles =>
  isListOf(value, { path: 'string', size: 'number', digest: 'string' }) &&
  (value as ManifestFiles).every(({ path }) => isBelow(path));

const isListOfTexts = (value: unknown): value is readonly string[] =>
  isList(value) && value.every((item) => typeof item === 'string');

const texts = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 'string'] as const));
const numbers = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 'number'] as const));
const scalars = {
  ...texts('key', 'cell', 'kind', 'host', 'run'),
  ...numbers('resultVersion', 'attempt', 'started', 'seconds'),
};

/** Whether all that a manifest says is there, and of the right type. */
function isManifest(value: unknown): value is Manifest {
  if (!isJsonObject(value) || value['format'] !== 1 || !hasTypes(value, scalars)) return false;
  const { commit, tail, files, emptyFolders = [] } = value;
  return (
    ['params', 'metrics', 'environment'].every((name) => isJsonObject(value[name])) &&
    hasTypes(value['versions'], texts('kdpipe', 'node')) &&
    (commit === null || typeof commit === 'string') &&
    isListOfTexts(tail) &&
    isListOfTexts(emptyFolders) &&
    emptyFolders.every(isBelow) &&
    isListOf(value['inputs'], texts('name', 'cell', 'key', 'output', 'digest')) &&
    isListOf(value['sources'], texts('name', 'path', 'digest')) &&
    isFileList(files) &&
    hasOwnOutputs(value['outputs'], files, emptyFolders)
  );
}

/** True where the digests of the outputs, or of what their files stand for, follow from those of the files. */
function hasOwnOutputs(outputs: unknown, files: ManifestFiles, emptyFolders: readonly string[]): boolean {
  if (!isJsonObject(outputs)) return false;
  return Object.values(outputs).every((output) => {
    if (!isJsonObject(output) || typeof output['path'] !== 'string') return false;
    if (output['path'] !== '.' && !isBelow(output['path'])) return false;
    if (typeof output['digest'] !== 'string') return false;
    return (output['files'] ?? output['digest']) === outputDigest(output['path'], files, emptyFolders);
  });
}

/**
 * Reads a manifest and checks that it is whole and about this key.
 *
 * @param text - content of `manifest.json`
 * @param key - the key in whose folder it stands
 * @returns the manifest; undefined when it is torn, of another format or key, contradicts itself, or has paths that leave its
 * folder
 */
export function parseManifest(text: string, key: Key): Manifest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isManifest(value) && value.key === key ? value : undefined;
}

/**
 * Writes a manifest as text.
 *
 * @param manifest - the manifest
 * @returns indented JSON, since people read it too
 */
export function manifestText(manifest: object): string {
  return `${JSON.stringify(manifest, null, 1)}\n`;
}
