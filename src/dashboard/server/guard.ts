import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';

/** Names under which a browser on this machine, or at the other end of a tunnel, reaches a loopback address. */
const loopbackNames: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * What every answer says: nothing of other origins is loaded or may show this, no address leaves the page, nothing is kept.
 */
export const safeHeaders: OutgoingHttpHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/**
 * Makes the secret part of the page's address.
 *
 * @returns 192 random bits as text
 */
export const newToken = (): string => randomBytes(24).toString('base64url');

/** Compares secrets in a time that does not tell how much of them is equal. */
function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Why a request is refused. */
export interface Refused {
  readonly status: 403 | 404 | 405;
  readonly why: string;
}

/** A request that is let in: the path behind the token, and its query. */
export interface Admitted {
  readonly path: string;
  readonly query: URLSearchParams;
}

/**
 * Lets in requests that ask a loopback name for something under the token. A page of another site cannot: it does not know the
 * token, and a name of its own that leads here (DNS rebinding) stands in `Host`.
 *
 * @param request - its method, address and headers
 * @param token - the secret part of the address
 * @returns what is asked for, or why it is refused
 */
export function admit(request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>, token: string): Admitted | Refused {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  if (!loopbackNames.has(host.toLowerCase()))
    return { status: 403, why: 'this page is for this machine alone: ask for 127.0.0.1 or localhost' };
  if (request.method !== 'GET') return { status: 405, why: 'only GET is answered' };
  const [, path = '', search = ''] = /^([^?#]*)\??(.*)$/.exec(request.url ?? '') ?? [];
  const [, given = '', rest = ''] = /^\/([^/]*)(\/.*)?$/.exec(path) ?? [];
  if (!isSame(given, token))
    return { status: 403, why: 'the address lacks its token: open the one that kdpipe dashboard prints' };
  return { path: rest, query: new URLSearchParams(search) };
}
