import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fail, FailureError } from '../../core/failure.ts';
import type { Refusal } from '../data/answers.ts';
import { admit, newToken, safeHeaders } from './guard.ts';
import { pageFiles, pageHtml, readPageFile } from './page-files.ts';
import { pictureOf, type ReadPicture } from './pictures.ts';
import { asked, routes } from './routes.ts';
import type { RunFeed } from './run-feed.ts';
import type { Runs } from './runs.ts';
import { RunStream } from './stream.ts';

/** A page that is served. */
export interface Dashboard {
  /** Its address, with the token in it. */
  readonly address: string;
  readonly port: number;
  /** Ends all connections and gives the port back. */
  close(): Promise<void>;
}

/** Where a page is served. */
export interface DashboardOptions {
  /** The port that is wanted; without one the default port, or the next free one. */
  readonly port?: number;
  /** Reads images of datasets; without it none are shown. */
  readonly readPicture?: ReadPicture;
}

/** Where pages are served unless somebody wants another port. */
export const defaultPort = 8228;
/** Ports after it that are tried. */
const portsTried = 20;

/** Types of the page's own files. */
const typeOf = (name: string): string =>
  name.endsWith('.css') ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8';

const html = 'text/html; charset=utf-8';
const json = 'application/json; charset=utf-8';

function send(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  response.writeHead(status, { ...safeHeaders, 'Content-Type': type, ...(status === 405 && { Allow: 'GET' }) });
  response.end(body);
}

/** Says what a user can cause as failures. */
function sendRefusal(response: ServerResponse, error: unknown): void {
  const failures =
    error instanceof FailureError
      ? error.failures
      : [{ code: 'not-answered', message: error instanceof Error ? error.message : String(error) }];
  const isMissing = failures.some(({ code }) => code === 'no-run' || code === 'no-such-cell');
  send(response, isMissing ? 404 : 500, json, JSON.stringify({ failures } satisfies Refusal));
}

/** Answers in JSON. */
function sendAnswer(response: ServerResponse, answer: () => unknown): void {
  try {
    send(response, 200, json, JSON.stringify(answer()));
  } catch (error) {
    sendRefusal(response, error);
  }
}

/** What is asked for is not there. */
const sendNothing = (response: ServerResponse): void =>
  send(response, 404, 'text/plain; charset=utf-8', 'there is nothing here\n');

/** What answers requests. */
class Answers {
  readonly #runs: Runs;
  readonly #token: string;
  readonly #page: string;
  readonly #readPicture: ReadPicture | undefined;
  readonly #streams = new WeakMap<RunFeed, RunStream>();

  constructor(runs: Runs, token: string, readPicture: ReadPicture | undefined) {
    this.#runs = runs;
    this.#token = token;
    this.#readPicture = readPicture;
    this.#page = pageHtml({
      title: 'kdpipe',
      head: '<link rel="stylesheet" href="page.css">\n<link rel="icon" href="data:,">',
      end: '<script src="page.js"></script>',
    });
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const admitted = admit(request, this.#token);
    if ('why' in admitted) {
      send(response, admitted.status, 'text/plain; charset=utf-8', `${admitted.why}\n`);
      return;
    }
    const { path, query } = admitted;
    const file = pageFiles.find((name) => path === `/${name}`);
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (path === '/') send(response, 200, html, this.#page);
    else if (file) send(response, 200, typeOf(file), readPageFile(file));
    else if (path === '/api/events') this.#listen(request, response, query);
    else if (path === '/api/picture') void this.#show(response, query);
    else if (route) sendAnswer(response, () => route(this.#runs, query));
    else sendNothing(response);
  }

  /** Sends an image of a dataset. */
  async #show(response: ServerResponse, query: URLSearchParams): Promise<void> {
    try {
      const { cell } = asked(this.#runs, query);
      const seen = { cell, split: query.get('split') ?? '', index: Number(query.get('index') ?? NaN) };
      const picture = this.#readPicture && (await pictureOf(seen, this.#runs.store, this.#readPicture));
      if (picture) send(response, 200, 'image/png', picture);
      else sendNothing(response);
    } catch (error) {
      sendRefusal(response, error);
    }
  }

  #listen(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): void {
    let feed: RunFeed;
    try {
      feed = this.#runs.feed(query.get('run') ?? '');
      feed.refresh();
    } catch (error) {
      sendAnswer(response, () => {
        throw error;
      });
      return;
    }
    // A browser that connects again says what it got last.
    const from = Number(request.headers['last-event-id'] ?? query.get('from') ?? NaN);
    response.writeHead(200, { ...safeHeaders, 'Content-Type': 'text/event-stream; charset=utf-8' });
    const stream = this.#streams.get(feed) ?? new RunStream(feed);
    this.#streams.set(feed, stream);
    stream.add(response, Number.isSafeInteger(from) && from >= 0 ? from : feed.position);
  }
}

/** Listens on loopback; false where the port is taken. */
function listen(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      server.off('listening', onListening);
      if (error.code === 'EADDRINUSE') resolve(false);
      else if (error.code === 'EACCES')
        reject(
          new FailureError([
            {
              code: 'port-not-ours',
              message: `port ${port} cannot be listened on: it belongs to the system`,
              expected: 'a port above 1023',
              fix: `leave --port out, or name another: --port ${defaultPort}`,
            },
          ]),
        );
      else reject(error);
    };
    const onListening = (): void => {
      server.off('error', onError);
      resolve(true);
    };
    server.once('error', onError).once('listening', onListening).listen(port, '127.0.0.1');
  });
}

/** Takes the wanted port, or the first that is free. */
async function take(server: Server, wanted: number | undefined): Promise<void> {
  if (wanted !== undefined) {
    if (await listen(server, wanted)) return;
    fail({
      code: 'port-in-use',
      message: `port ${wanted} is in use`,
      expected: 'a port that no program of this machine listens on',
      fix: 'name another, or leave --port out: then the next free one is taken',
    });
  }
  for (let port = defaultPort; port < defaultPort + portsTried; port++) if (await listen(server, port)) return;
  await listen(server, 0);
}

/**
 * Serves the page of a working folder's runs on the loopback address, to whoever knows its token.
 *
 * @param runs - the runs
 * @param options - the port
 * @returns the page's address
 * @throws FailureError `port-in-use`, `port-not-ours` where the wanted port cannot be had
 */
export async function startDashboard(runs: Runs, options: DashboardOptions = {}): Promise<Dashboard> {
  const token = newToken();
  const answers = new Answers(runs, token, options.readPicture);
  const server = createServer((request, response) => answers.answer(request, response));
  await take(server, options.port);
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/${token}/`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
