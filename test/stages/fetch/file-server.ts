import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** What a server got, in order. */
export interface Asked {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** A running server of this machine. */
export interface FileServer {
  readonly url: string;
  readonly asked: readonly Asked[];
}

/** Answers a request. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Starts a real HTTP server that ends with the test. */
export async function serve(answer: Answer): Promise<FileServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', headers: request.headers });
    answer(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** A file of a server; the connection ends after `most` bytes of an answer. */
export interface Served {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly most?: number;
}

/** Sends a file as servers with support for ranges do. */
export function send(
  request: IncomingMessage,
  response: ServerResponse,
  { bytes, etag, most = Infinity }: Served,
): void {
  const condition = request.headers['if-range'];
  const holds = condition === undefined || condition === etag;
  const start = holds ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
  if (start >= bytes.length) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    return;
  }
  const rest = bytes.subarray(start);
  const headers = { etag, 'content-length': rest.length };
  const range = { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(start > 0 ? 206 : 200, start > 0 ? { ...headers, ...range } : headers);
  if (most >= rest.length) response.end(rest);
  else response.write(rest.subarray(0, most), () => response.destroy());
}
