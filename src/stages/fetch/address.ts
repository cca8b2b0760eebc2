import { failure, success, type Result } from '../../core/result.ts';

/** Where a file is fetched from. */
export type Address =
  | { readonly at: 'web'; readonly url: string }
  | {
      readonly at: 'hub';
      readonly type: 'model' | 'dataset';
      /** `owner/name`. */
      readonly repo: string;
      /** A branch, tag or commit. */
      readonly revision: string;
      /** Of the file, inside the repository. */
      readonly path: string;
    };

/** Longest name that every file system takes with room to spare: characters of the alphabet are a byte each, others up to four. */
const longestName = { characters: 100, bytes: 200 } as const;

/**
 * Says whether a file system takes a name.
 *
 * @param name - of a file
 * @returns false where it is too long, in characters or in bytes
 */
export const fits = (name: string): boolean =>
  name.length <= longestName.characters && Buffer.byteLength(name) <= longestName.bytes;

/** The end of a name, whole characters, as long as file systems take it. */
function shortened(name: string): string {
  // A cut may leave half a character behind.
  const characters = Array.from(name.slice(-longestName.characters).replace(/^[\udc00-\udfff]/, ''));
  while (!fits(characters.join(''))) characters.shift();
  return characters.join('');
}

const wrong = (message: string, fix: string): Result<never> =>
  failure({
    code: 'wrong-address',
    message,
    expected: 'https://…, http://… or hf:owner/repo[@revision]/path/in/repo',
    fix,
  });

function hubAddress(text: string): Result<Address> {
  const parts = /^hf:(datasets\/)?([\w.-]+\/[\w.-]+?)(?:@([^/@]+))?\/(.+)$/u.exec(text);
  const [, dataset, repo, revision = 'main', path] = parts ?? [];
  if (repo === undefined || path === undefined)
    return wrong(`${JSON.stringify(text)} names no file of a repository`, 'write hf:owner/repo/path/in/repo');
  const names = [...repo.split('/'), revision, ...path.split('/')];
  if (names.some((name) => name === '' || name === '.' || name === '..'))
    return wrong(
      `${JSON.stringify(text)} has an empty name, . or .. in its path or for a revision`,
      'write the path as the hub shows it, and a branch, tag or commit after the @',
    );
  return success({ at: 'hub', type: dataset === undefined ? 'model' : 'dataset', repo, revision, path });
}

/**
 * Reads the address of a file.
 *
 * @param text - `https://…`, `http://…`, or `hf:owner/repo[@revision]/path`; `hf:datasets/owner/repo…` for a dataset
 * @returns the address, or why it is none
 */
export function readAddress(text: string): Result<Address> {
  if (text.startsWith('hf:')) return hubAddress(text);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    return wrong(`${JSON.stringify(text)} is no address that can be fetched`, 'give the file’s full address');
  if (url.username !== '' || url.password !== '')
    return wrong(
      `the address of ${url.host} holds a user name or password, which would be kept in records`,
      'remove it',
    );
  return success({ at: 'web', url: url.href });
}

/** The last part of a path, decoded where it is well encoded. */
function lastPart(path: string): string {
  const part = path.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * A file name from an address, `download` where it has none. The address is whatever somebody published: only letters, digits and `._+-`
 * are kept of it, and no name is hidden or leads to another folder.
 *
 */
function nameOf(text: string): string {
  const address = readAddress(text);
  if (!address.ok) return 'download';
  const { value } = address;
  const name = value.at === 'web' ? lastPart(new URL(value.url).pathname) : lastPart(value.path);
  const kept = name.replaceAll(/[^\p{L}\p{N}._+-]+/gu, '_').replace(/^\.+/, '');
  return shortened(kept) || 'download';
}

/**
 * Where the file lies in the result: in a folder, so that no name of a file meets one of the store's own.
 *
 * @param url - its address
 * @param name - what it is called; the last part of the address by default
 * @returns a path relative to the result
 */
export function resultPath(url: string, name: string | undefined): string {
  return `file/${name ?? nameOf(url)}`;
}
