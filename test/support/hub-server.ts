import { createHash } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** Files larger than this are large ones, and are sent in pieces of this size where they are larger than two. Bytes. */
const LARGE = 4096;

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const blobId = (bytes: Buffer): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

interface Branch {
  /** Of its last commit. */
  readonly id: string;
  readonly files: ReadonlyMap<string, Buffer>;
}

interface Repository {
  readonly isPrivate: boolean;
  readonly branches: Map<string, Branch>;
}

interface Line {
  readonly key: string;
  readonly value: Readonly<Record<string, string>>;
}

/** What the client sends in JSON. */
interface Sent {
  readonly organization?: string;
  readonly name: string;
  readonly private?: boolean;
  readonly visibility?: string;
  readonly files: readonly { readonly path: string; readonly size: number; readonly sample: string }[];
  readonly objects: readonly { readonly oid: string; readonly size: number }[];
  readonly oid: string;
  readonly size: number;
  readonly parts?: readonly { readonly partNumber: number; readonly etag: string }[];
}

/** What is answered. */
interface Reply {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | Buffer;
}

const json = (value: unknown, status = 200): Reply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

const sentIn = (body: Buffer): Sent => JSON.parse(body.toString()) as Sent;

/** How files are kept, and which of them are there. */
function preupload({ files }: Sent, there: ReadonlyMap<string, Buffer>): Reply {
  const answers = files.map(({ path, size }) => {
    const old = there.get(path);
    const oid = old && { oid: old.length > LARGE ? sha256(old) : blobId(old) };
    return { path, uploadMode: size > LARGE ? 'lfs' : 'regular', shouldIgnore: false, ...oid };
  });
  return json({ files: answers });
}

function download({ id, files }: Branch, name: string): Reply {
  const bytes = files.get(name);
  if (!bytes) return { status: 404, headers: { 'x-error-code': 'EntryNotFound' }, body: '' };
  const etag = bytes.length > LARGE ? sha256(bytes) : blobId(bytes);
  return {
    status: 200,
    headers: { etag: `"${etag}"`, 'x-repo-commit': id, 'content-length': bytes.length },
    body: bytes,
  };
}

const bytesOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

/**
 * A Hugging Face Hub in small, by its documented interface: repositories, branches, preupload, Git LFS (one piece and several), commits
 * of lines of JSON, downloads. The tests have the hub's own client speak to it, too.
 */
export class HubServer {
  readonly repositories = new Map<string, Repository>();
  /** Method and path of each call. */
  readonly calls: string[] = [];
  /** Calls that were made with a token. */
  readonly withToken: string[] = [];
  /** Answers that the next calls of a path get in place of the hub's: `PUT /store/…`. */
  readonly refusals: { readonly path: RegExp; readonly status: number }[] = [];
  /** Of large files, by SHA-256. */
  readonly store = new Map<string, Buffer>();
  readonly #pieces = new Map<string, Buffer>();
  readonly #server: Server;
  endpoint = '';

  readonly token = 'hf_test';

  constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.endpoint = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Files of a branch, as texts by their names. */
  filesOf(repo: string, branch = 'main'): Readonly<Record<string, Buffer>> {
    return Object.fromEntries(this.repositories.get(repo)?.branches.get(branch)?.files ?? []);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, headers, body } = this.#reply(request, await bytesOf(request));
    response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body);
  }

  #reply({ method = '', url = '', headers }: IncomingMessage, body: Buffer): Reply {
    const { pathname: path } = new URL(url, this.endpoint);
    const call = `${method} ${path}`;
    this.calls.push(call);
    if (headers.authorization !== undefined) this.withToken.push(call);
    const refused = this.refusals.findIndex((one) => one.path.test(call));
    if (refused >= 0) {
      const [{ status } = { status: 500 }] = this.refusals.splice(refused, 1);
      return json({ error: 'refused by the test' }, status);
    }
    if (path.startsWith('/store/')) return this.#takeLarge(method, path, body);
    if (headers.authorization !== `Bearer ${this.token}`) return json({ error: 'Invalid username or password.' }, 401);
    if (path === '/api/repos/create') return this.#create(sentIn(body));
    if (path === '/api/validate-yaml') return json({ errors: [], warnings: [] });
    const [, repo = ''] = /^\/(?:api\/models\/)?([\w.-]+\/[\w-]+(?:\.(?!git\/)[\w-]+)*)/.exec(path) ?? [];
    const found = this.repositories.get(repo);
    return found ? this.#ofRepository(repo, found, path, body) : json({ error: 'Repository not found' }, 404);
  }

  #create({ organization, name, private: isPrivate, visibility }: Sent): Reply {
    const repo = `${organization ?? 'me'}/${name}`;
    if (this.repositories.has(repo)) return json({ error: 'You already created this model repo' }, 409);
    const branches = new Map([['main', { id: '0'.repeat(40), files: new Map<string, Buffer>() }]]);
    this.repositories.set(repo, { isPrivate: isPrivate === true || visibility === 'private', branches });
    return json({ url: `${this.endpoint}/${repo}` });
  }

  #ofRepository(repo: string, { branches, isPrivate }: Repository, path: string, body: Buffer): Reply {
    const match =
      /^\/(?:api\/models\/)?[^/]+\/[^/]+\/(branch|preupload|commit|revision|tree|resolve)\/([^/]+)(?:\/(.*))?$/.exec(
        path,
      ) ?? [];
    const [, what = '', branch = 'main', file = ''] = match.map((part?: string) => decodeURIComponent(part ?? ''));
    if (what === 'branch') {
      if (branches.has(branch)) return json({ error: 'Reference already exists' }, 409);
      branches.set(branch, branches.get('main') ?? { id: '', files: new Map<string, Buffer>() });
      return json({});
    }
    if (path.endsWith('.git/info/lfs/objects/batch')) return this.#batch(sentIn(body));
    const at = branches.get(branch) ?? [...branches.values()].find(({ id }) => id === branch);
    if (!at) return json({ error: `Invalid rev id: ${branch}` }, 404);
    if (what === 'preupload') return preupload(sentIn(body), at.files);
    if (what === 'commit') {
      const files = this.#commit(body.toString(), at.files);
      if (typeof files === 'string') return json({ error: files }, 400);
      const id = createHash('sha1').update(body).digest('hex');
      branches.set(branch, { id, files });
      return json({ success: true, commitOid: id, commitUrl: `${this.endpoint}/${repo}/commit/${id}`, hookOutput: '' });
    }
    if (what === 'tree')
      return json(
        [...at.files].map(([name, bytes]) => ({ type: 'file', path: name, size: bytes.length, oid: blobId(bytes) })),
      );
    if (what === 'resolve') return download(at, file);
    const siblings = [...at.files.keys()].map((rfilename) => ({ rfilename }));
    return json({
      _id: '1',
      id: repo,
      modelId: repo,
      sha: at.id,
      private: isPrivate,
      siblings,
      tags: [],
      downloads: 0,
    });
  }

  #batch({ objects }: Sent): Reply {
    const answers = objects.map(({ oid, size }) => {
      if (this.store.has(oid)) return { oid, size };
      const href = `${this.endpoint}/store/${oid}`;
      const count = Math.ceil(size / LARGE);
      const pieces = Array.from({ length: count }, (_, at) => [String(at + 1), `${href}/${at + 1}`]);
      const header = { chunk_size: String(LARGE), ...Object.fromEntries(pieces) };
      const upload = count > 2 ? { href: `${href}/complete`, header } : { href };
      return { oid, size, actions: { upload, verify: { href: `${href}/verify` } } };
    });
    return json({ transfer: 'basic', objects: answers });
  }

  #takeLarge(method: string, path: string, body: Buffer): Reply {
    const [, oid = '', step = ''] = /^\/store\/(\w+)(?:\/(\w+))?$/.exec(path) ?? [];
    if (method === 'PUT') {
      this.#pieces.set(`${oid}/${step}`, body);
      if (step === '') this.#keep(oid, body);
      return { status: 200, headers: { etag: `"${createHash('md5').update(body).digest('hex')}"` }, body: '' };
    }
    const { parts = [], size } = sentIn(body);
    const pieces = parts.map(({ partNumber }) => this.#pieces.get(`${oid}/${partNumber}`) ?? Buffer.alloc(0));
    if (step === 'complete') this.#keep(oid, Buffer.concat(pieces));
    const kept = this.store.get(oid);
    return kept && (step === 'complete' || kept.length === size)
      ? json({})
      : json({ error: 'not what was promised' }, 422);
  }

  /** What has another digest is not kept. */
  #keep(oid: string, bytes: Buffer): void {
    if (sha256(bytes) === oid) this.store.set(oid, bytes);
  }

  /** The files after a commit; a text where it cannot be made. */
  #commit(text: string, before: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> | string {
    const [header, ...lines] = text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line);
    if (header?.key !== 'header' || !header.value['summary']) return 'a commit begins with its header';
    const files = new Map(before);
    for (const { key, value } of lines) {
      const { path = '', content = '', oid = '' } = value;
      const bytes = key === 'lfsFile' ? this.store.get(oid) : Buffer.from(content, 'base64');
      if (!bytes) return `${path} was not uploaded`;
      if (key === 'file' && bytes.length > LARGE) return `${path} is a large file`;
      files.set(path, bytes);
    }
    return files;
  }
}
