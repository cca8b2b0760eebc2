import { createHash } from 'node:crypto';
import { createReadStream, openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../core/failure.ts';
import { isJsonObject, isList, type Json, type JsonObject } from '../core/json.ts';
import { objectAt, textAt } from '../core/json-fields.ts';
import type { HubApi } from './hub-api.ts';

/** Bytes of a file that the hub looks at to decide how it is kept. */
const SAMPLE = 512;

/** Where files go, and how. */
export interface PushTarget {
  /** `owner/name`. */
  readonly repo: string;
  /** A branch; it is made where it is missing. */
  readonly revision: string;
  /** True for a repository that only its owner sees. */
  readonly isPrivate: boolean;
  /** Of the commit. */
  readonly message: string;
}

/** A file that is pushed. */
export interface PushedFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** What became of a push. */
export interface Pushed {
  /** The commit, and the address of its page; null where all was there already. */
  readonly commit: { readonly id: string; readonly url: string } | null;
  readonly uploaded: readonly string[];
}

/** A file on its way. */
interface Upload extends PushedFile {
  readonly path: string;
  /** Whether it goes to the store of large files, and is named in the commit by its SHA-256. */
  readonly isLarge: boolean;
  readonly sha256: string;
}

/** Digest of a file, read piece by piece; of its text before it, too. */
async function digestOf(path: string, algorithm: 'sha1' | 'sha256', before = ''): Promise<string> {
  const hash = createHash(algorithm).update(before);
  for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer);
  return hash.digest('hex');
}

const objectsIn = (value: Json | undefined): readonly JsonObject[] => (isList(value) ? value.filter(isJsonObject) : []);

/** An answer that is none of the hub's interface. */
const failForm = (what: string): never =>
  fail({
    code: 'odd-answer',
    message: `the hub's answer to ${what} is not what its interface promises`,
    expected: 'a Hugging Face Hub at HF_ENDPOINT',
  });

/**
 * Pushes files to a repository of models, in one commit: before it nothing is seen of them, and an interrupted push has changed
 * nothing. Large files are read piece by piece. Files that are there already are left.
 *
 * By the interface that `huggingface_hub` uses: repositories, preupload, Git LFS with its `basic` and `multipart` transfers, commits as
 * lines of JSON.
 *
 * @param api - the hub
 * @param folder - absolute path of the folder that holds the files
 * @param names - of the files
 * @param target - repository, branch, message
 * @returns the commit, and what was sent
 * @throws FailureError where the hub refuses
 */
export async function pushFiles(
  api: HubApi,
  folder: string,
  names: readonly string[],
  target: PushTarget,
): Promise<Pushed> {
  await prepareRepository(api, target);
  const files = await chooseWays(api, folder, names, target);
  await uploadLarge(
    api,
    files.filter(({ isLarge }) => isLarge),
    target,
  );
  const uploaded = files.map(({ name }) => name);
  if (files.length === 0) return { commit: null, uploaded };
  const { json } = await api.ask(
    `${api.endpoint}/api/models/${target.repo}/commit/${encodeURIComponent(target.revision)}`,
    {
      method: 'POST',
      type: 'application/x-ndjson',
      body: await commitText(files, target),
      once: true,
    },
  );
  return { commit: { id: textAt(json, 'commitOid'), url: textAt(json, 'commitUrl') }, uploaded };
}

/** Makes repository and branch where they are missing. */
async function prepareRepository(api: HubApi, { repo, revision, isPrivate }: PushTarget): Promise<void> {
  const [organization = '', name = ''] = repo.split('/');
  const wanted = { type: 'model', name, organization, ...(isPrivate && { private: true, visibility: 'private' }) };
  const { status } = await api.post('/api/repos/create', wanted, [409]);
  if (status === 409 && isPrivate) await requirePrivate(api, repo);
  if (revision !== 'main') await api.post(`/api/models/${repo}/branch/${encodeURIComponent(revision)}`, {}, [409]);
}

/** One that was there before is not made private here. */
async function requirePrivate(api: HubApi, repo: string): Promise<void> {
  const { json } = await api.ask(`${api.endpoint}/api/models/${repo}`, { method: 'GET' });
  if (json['private'] === true) return;
  fail({
    code: 'public-repository',
    message: `${repo} is there already, and everybody sees it`,
    expected: 'a private repository, as --private says',
    fix: 'make it private on its page, or name another one; nothing was uploaded',
  });
}

/** Asks how files are kept, and leaves out those that the repository has as they are, or ignores. */
async function chooseWays(
  api: HubApi,
  folder: string,
  names: readonly string[],
  { repo, revision }: PushTarget,
): Promise<readonly Upload[]> {
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const { size } = await stat(path);
      const sample = Buffer.from(await (await openAsBlob(path)).slice(0, SAMPLE).arrayBuffer()).toString('base64');
      return { name, path, size, sample };
    }),
  );
  const body = { files: files.map(({ name, size, sample }) => ({ path: name, size, sample })) };
  const { json } = await api.post(`/api/models/${repo}/preupload/${encodeURIComponent(revision)}`, body);
  const ways = new Map(objectsIn(json['files']).map((way) => [textAt(way, 'path'), way]));
  const uploads: Upload[] = [];
  for (const { name, path, size } of files) {
    const way = ways.get(name) ?? failForm('preupload');
    // The store of large files takes no empty one.
    const isLarge = way['uploadMode'] === 'lfs' && size > 0;
    const sha256 = await digestOf(path, 'sha256');
    const id = isLarge ? sha256 : await digestOf(path, 'sha1', `blob ${size}\0`);
    if (way['shouldIgnore'] !== true && way['oid'] !== id) uploads.push({ name, path, size, isLarge, sha256 });
  }
  return uploads;
}

async function uploadLarge(api: HubApi, files: readonly Upload[], { repo, revision }: PushTarget): Promise<void> {
  if (files.length === 0) return;
  const body = {
    operation: 'upload',
    transfers: ['basic', 'multipart'],
    objects: files.map(({ sha256: oid, size }) => ({ oid, size })),
    hash_algo: 'sha256',
    ref: { name: revision },
  };
  const { json } = await api.ask(`${api.endpoint}/${repo}.git/info/lfs/objects/batch`, {
    method: 'POST',
    type: 'application/vnd.git-lfs+json',
    body: JSON.stringify(body),
  });
  const objects = new Map(objectsIn(json['objects']).map((object) => [textAt(object, 'oid'), object]));
  for (const file of files) {
    const object = objects.get(file.sha256) ?? failForm('the request to store large files');
    const error = objectAt(object, 'error');
    if (error)
      fail({ code: 'http-status', message: `the hub does not take ${file.name}: ${textAt(error, 'message')}` });
    // Without actions it has the file.
    await sendLarge(api, file, objectAt(object, 'actions'));
  }
}

async function sendLarge(api: HubApi, file: Upload, actions: JsonObject | undefined): Promise<void> {
  const upload = objectAt(actions, 'upload');
  if (!upload) return;
  const [address, header] = [textAt(upload, 'href'), objectAt(upload, 'header')];
  const blob = await openAsBlob(file.path);
  const piece = Number(header?.['chunk_size'] ?? 0);
  if (piece > 0) await sendPieces(api, { address, header: header ?? {}, blob, piece, oid: file.sha256 });
  else await api.ask(address, { method: 'PUT', body: blob });
  const verify = textAt(objectAt(actions, 'verify'), 'href');
  const facts = JSON.stringify({ oid: file.sha256, size: file.size });
  if (verify !== '') await api.ask(verify, { method: 'POST', type: 'application/json', body: facts });
}

/** A file that is sent in pieces: their addresses are in the header, by their numbers from 1 on. */
interface Pieces {
  /** Told when all are there. */
  readonly address: string;
  readonly header: JsonObject;
  readonly blob: Blob;
  /** Bytes of each but the last. */
  readonly piece: number;
  readonly oid: string;
}

async function sendPieces(api: HubApi, { address, header, blob, piece, oid }: Pieces): Promise<void> {
  const count = Math.ceil(blob.size / piece);
  const parts: JsonObject[] = [];
  for (let at = 0; at < count; at++) {
    const part = Object.entries(header).find(([name]) => /^\d+$/.test(name) && Number(name) === at + 1)?.[1];
    if (typeof part !== 'string') return failForm('the request to store large files');
    const sent = await api.ask(part, { method: 'PUT', body: blob.slice(at * piece, (at + 1) * piece) });
    parts.push({ partNumber: at + 1, etag: sent.headers.get('etag') ?? failForm('a piece of a large file') });
  }
  await api.ask(address, {
    method: 'POST',
    type: 'application/vnd.git-lfs+json',
    body: JSON.stringify({ oid, parts }),
  });
}

/** A commit: a line with its message, then one a file; what is no large file is in it. */
async function commitText(files: readonly Upload[], { message }: PushTarget): Promise<string> {
  const lines: JsonObject[] = [{ key: 'header', value: { summary: message, description: '' } }];
  for (const { name, path, size, isLarge, sha256 } of files) {
    if (isLarge) lines.push({ key: 'lfsFile', value: { path: name, algo: 'sha256', oid: sha256, size } });
    else {
      const content = Buffer.from(await (await openAsBlob(path)).arrayBuffer()).toString('base64');
      lines.push({ key: 'file', value: { path: name, encoding: 'base64', content } });
    }
  }
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}
