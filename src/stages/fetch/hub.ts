import { FailureError } from '../../core/failure.ts';
import type { Address } from './address.ts';
import type { Found } from './download.ts';
import { PUBLIC_HUB } from '../../util/public-hub.ts';
import { refusal } from './problems.ts';

type HubAddress = Extract<Address, { at: 'hub' }>;

/** Where the hub is, and who asks. */
export interface HubAccess {
  /** `HF_ENDPOINT`; the public hub by default. */
  readonly endpoint: string | undefined;
  /** `HF_TOKEN`: sent to the hub alone, and never shown. */
  readonly token: string | undefined;
}

/** Says whether an address is the hub's own: a link may already be one of the host that keeps its files. */
const isOnHub = (url: string, endpoint = PUBLIC_HUB): boolean => new URL(url).origin === new URL(endpoint).origin;

/**
 * The address of the bytes: the one that the hub led to, where that may be asked with a token of the hub or needs none
 * (its own network of caches); else the hub's, which leads there anew at each transfer.
 */
function addressOf(response: Response, asked: string): string {
  const own = new URL(response.url).origin === new URL(asked).origin;
  return own || response.headers.get('x-cache')?.endsWith(' cloudfront') ? response.url : asked;
}

/**
 * Asks a Hugging Face hub where a file is.
 *
 * @param address - repository, revision and path
 * @param text - the address as the user gave it, for messages
 * @param access - the hub, and a token
 * @param signal - aborted to stop asking
 * @returns a link to it, and the SHA-256 that the hub keeps of large files
 * @throws FailureError when it is not there or must not be read
 */
export async function findOnHub(
  address: HubAddress,
  text: string,
  access: HubAccess,
  signal: AbortSignal,
): Promise<Found> {
  const { endpoint, token } = access;
  if (token?.startsWith('hf_') === false)
    throw new FailureError([
      {
        code: 'wrong-token',
        message: 'HF_TOKEN holds no token of a hub',
        expected: 'a text that begins with hf_',
        fix: 'copy the token again, or unset HF_TOKEN where the repository is open',
      },
    ]);
  const { type, repo, revision } = address;
  const hub = (endpoint ?? PUBLIC_HUB).replace(/\/+$/, '');
  const path = address.path.split('/').map(encodeURIComponent).join('/');
  const asked = `${hub}/${type === 'model' ? '' : `${type}s/`}${repo}/resolve/${encodeURIComponent(revision)}/${path}`;
  const bearer = token !== undefined && { authorization: `Bearer ${token}` };
  // The hub answers with what it knows of a file to whoever accepts that, in place of sending the file.
  const accept = 'application/vnd.xet-fileinfo+json, */*';
  const response = await fetch(asked, { headers: { ...bearer, range: 'bytes=0-0', accept }, signal });
  await response.body?.cancel();
  if (response.status === 404 && response.headers.get('x-error-code') === 'EntryNotFound')
    throw new FailureError([
      {
        code: 'not-there',
        message: `${repo} has no file ${address.path} at revision ${revision}`,
        expected: 'a path as the repository’s page shows it',
        fix: 'correct url',
      },
    ]);
  if (!response.ok) throw refusal(text, { status: response.status, statusText: '', headers: new Headers() });
  const etag = response.headers.get('x-linked-etag') ?? response.headers.get('etag') ?? '';
  // Of a large file the mark is its SHA-256, of others that of git.
  const sha256 = /^"?([0-9a-f]{64})"?$/.exec(etag)?.[1];
  const url = addressOf(response, asked);
  return {
    url,
    headers: bearer && isOnHub(url, endpoint) ? bearer : {},
    ...(sha256 !== undefined && { checksums: { sha256 } }),
  };
}
