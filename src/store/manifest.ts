import { isJsonObject } from '../core/json.ts';
import type { Digest, Key } from '../core/plan.ts';
import { folderDigest } from '../fingerprint/digest.ts';
import type { Manifest } from './store.ts';

/** The files that a manifest lists. */
export type ManifestFiles = Manifest['files'];

/**
 * The digest of an output, from the digests of an entry's files.
 *
 * @param path - file or folder relative to the entry; `.` is the entry itself
 * @param files - all files of the entry
 * @returns a file's own digest, or the digest of all files below the folder
 */
export function outputDigest(path: string, files: ManifestFiles): Digest {
  const file = files.find((one) => one.path === path);
  if (file) return file.digest;
  if (path === '.') return folderDigest(files);
  const prefix = `${path}/`;
  const below = files.filter((one) => one.path.startsWith(prefix));
  return folderDigest(below.map((one) => ({ path: one.path.slice(prefix.length), digest: one.digest })));
}

function isFile(value: unknown): value is ManifestFiles[number] {
  if (!isJsonObject(value)) return false;
  return typeof value['path'] === 'string' && typeof value['size'] === 'number' && typeof value['digest'] === 'string';
}

/** True where the digests of the outputs follow from those of the files. */
function hasOwnOutputs(outputs: unknown, files: ManifestFiles): boolean {
  if (!isJsonObject(outputs)) return false;
  return Object.values(outputs).every((output) => {
    if (!isJsonObject(output) || typeof output['path'] !== 'string') return false;
    return output['digest'] === outputDigest(output['path'], files);
  });
}

/**
 * Reads a manifest and checks that it is whole and about this key.
 *
 * @param text - content of `manifest.json`
 * @param key - the key in whose folder it stands
 * @returns the manifest; undefined when it is torn, of another format or key, or contradicts itself
 */
export function parseManifest(text: string, key: Key): Manifest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value) || value['format'] !== 1 || value['key'] !== key) return undefined;
  const files: unknown = value['files'];
  if (!Array.isArray(files) || !files.every(isFile) || !hasOwnOutputs(value['outputs'], files)) return undefined;
  return value as unknown as Manifest;
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
