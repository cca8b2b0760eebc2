import type { Key } from '../core/plan.ts';

/** Name of the manifest in an entry. */
export const manifestName = 'manifest.json';

/** Folders of a store beside its entries, and the index of hints. */
export const parts = {
  drafts: '.drafts',
  scratch: '.scratch',
  checkpoints: '.checkpoints',
  locks: '.locks',
  tainted: '.tainted',
  sources: '.sources',
  settled: '.settled',
  index: '.index-2',
} as const;

const keyForm = /^[0-9a-f]{64}$/;

/**
 * Tells keys from other names.
 *
 * @param name - a file name
 * @returns true for 64 lower-case hexadecimal digits
 */
export function isKey(name: string): name is Key {
  return keyForm.test(name);
}

/**
 * The folder of a key's entry: `<root>/<2 hex>/<key>`.
 *
 * @param root - the store's root
 * @param key - 64 lower-case hexadecimal digits
 * @returns its path
 */
export function entryPath(root: string, key: Key): string {
  return `${root}/${key.slice(0, 2)}/${key}`;
}
