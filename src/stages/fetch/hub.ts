import { FailureError } from '../../core/failure.ts';
import type { Address } from './address.ts';
import type { Found } from './download.ts';
import { refusal } from './problems.ts';

type HubAddress = Extract<Address, { at: 'hub' }>;

/** Where the hub is, and who asks. */
export interface HubAccess {
  /** `HF_ENDPOINT`; the public hub unless told. */
  readonly endpoint: string | undefined;
  /** `HF_TOKEN`: sent to the hub alone, and never shown. */
  readonly token: string | undefined;
}

/** The public hub. */
const PUBLIC = 'https://huggingface.co';

/** Says whether an address is the hub's own: a link may already be one of the host that keeps its files. */
const isOnHub = (url: string, endpoint = PUBLIC): boolean => new URL(url).origin === new URL(endpoint).origin;

/** What the hub's errors carry. */
interface HubError extends Error {
  readonly statusCode?: unknown;
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
  const { fileDownloadInfo } = await import('@huggingface/hub');
  const { type, repo, revision } = address;
  const info = await fileDownloadInfo({
    repo: { type, name: repo },
    revision,
    path: address.path.split('/').map(encodeURIComponent).join('/'),
    ...(endpoint !== undefined && { hubUrl: endpoint.replace(/\/+$/, '') }),
    ...(token !== undefined && { accessToken: token }),
    fetch: (url, options) => fetch(url, { ...options, signal }),
  }).catch((error: unknown) => {
    throw hubProblem(text, error);
  });
  if (!info)
    throw new FailureError([
      {
        code: 'not-there',
        message: `${repo} has no file ${address.path} at revision ${revision}`,
        expected: 'a path as the repository’s page shows it',
        fix: 'correct url',
      },
    ]);
  // Of a large file the mark is its SHA-256, of others that of git.
  const sha256 = /^"?([0-9a-f]{64})"?$/.exec(info.etag)?.[1];
  return {
    url: info.url,
    headers: token !== undefined && isOnHub(info.url, endpoint) ? { authorization: `Bearer ${token}` } : {},
    ...(sha256 !== undefined && { checksums: { sha256 } }),
  };
}

function hubProblem(text: string, error: unknown): unknown {
  const { statusCode } = error as HubError;
  if (typeof statusCode !== 'number') return error;
  return refusal(text, { status: statusCode, statusText: '', headers: new Headers() });
}
