// Not fetch(): it unpacks whatever a server labels with Content-Encoding, and then nobody knows what the file's own bytes were.
import { request as requestPlain, type IncomingMessage } from 'node:http';
import { request as requestSecure } from 'node:https';

/** What a server answers, its bytes as they came. */
export interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  /** Ends with a {@link NetworkError} where the connection does before the answer. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** No answer, or not the whole of it; its cause is what the system said. */
export class NetworkError extends Error {
  constructor(cause: unknown) {
    super('no answer', { cause });
    this.name = 'NetworkError';
  }
}

/** Addresses that lead to each other: no other attempt ends elsewhere. */
export class RedirectLoop extends Error {
  constructor() {
    super(`it leads on and on, ${mostRedirects} times`);
    this.name = 'RedirectLoop';
  }
}

/** As many as browsers follow. */
const mostRedirects = 20;

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status);

function ask(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestSecure : requestPlain;
    const asked = request(url, { headers: { 'user-agent': 'kdpipe', accept: '*/*', ...headers }, signal }, resolve);
    asked.once('error', (error) => reject(new NetworkError(error)));
    asked.end();
  });
}

async function* bytesOf(message: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of message) yield bytes as Buffer;
  } catch (error) {
    throw new NetworkError(error);
  }
}

function answerOf(message: IncomingMessage): Answer {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(message.headersDistinct))
    for (const value of values) headers.append(name, value);
  const { statusCode: status = 0, statusMessage: statusText = '' } = message;
  return { status, statusText, headers, body: bytesOf(message) };
}

/** Where an answer leads; undefined where it is the end. */
function targetOf({ statusCode = 0, headers: { location } }: IncomingMessage, from: URL): URL | undefined {
  if (!isRedirect(statusCode) || location === undefined || !URL.canParse(location, from.href)) return undefined;
  const target = new URL(location, from.href);
  return /^https?:$/.test(target.protocol) ? target : undefined;
}

/**
 * Asks for an address, and follows where it leads.
 *
 * @param address - http or https
 * @param headers - sent along; a server on another host does not get `authorization`
 * @param signal - aborted to stop asking, and to end the body
 * @returns the answer at the end of the way
 * @throws NetworkError where there is none, RedirectLoop where the way has no end
 */
export async function get(
  address: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Answer> {
  let url = new URL(address);
  let sent = headers;
  for (let followed = 0; ; followed++) {
    const message = await ask(url, sent, signal);
    const target = targetOf(message, url);
    if (!target) return answerOf(message);
    message.destroy();
    if (followed === mostRedirects) throw new RedirectLoop();
    if (target.origin !== url.origin) {
      const { authorization: _, ...open } = sent;
      sent = open;
    }
    url = target;
  }
}
