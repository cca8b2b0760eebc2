import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { StageInterrupted } from '../../../src/stages/stage-kind.ts';
import { readAddress, resultPath } from '../../../src/stages/fetch/address.ts';
import { fetchFile } from '../../../src/stages/fetch/kind.ts';
import { Workshop } from '../../support/stage-workshop.ts';
import { send, serve } from './file-server.ts';

const workshop = new Workshop();
afterAll(() => workshop.remove());

const problems = (params: Readonly<Record<string, string>>) =>
  fetchFile.check?.(params, { upstream: () => undefined, given: () => true, facts: () => undefined }) ?? [];

describe('an address', () => {
  it.each([
    ['https://example.org/a/b.tgz?x=1', { at: 'web', url: 'https://example.org/a/b.tgz?x=1' }],
    ['hf:timm/resnet18.a1_in1k/model.safetensors', { type: 'model', repo: 'timm/resnet18.a1_in1k', revision: 'main' }],
    ['hf:a/b@v1.0/c/d.bin', { repo: 'a/b', revision: 'v1.0', path: 'c/d.bin' }],
    ['hf:datasets/a/b/c', { type: 'dataset', repo: 'a/b', path: 'c' }],
  ])('%s is understood', (text, value) => {
    expect(readAddress(text)).toMatchObject({ ok: true, value });
  });

  it.each([
    'ftp://a/b',
    'file:///etc/passwd',
    '/data/x',
    'hf:a/b',
    'hf:a',
    'hf:a/b/../c',
    'hf:a/b@../c',
    'hf:a/b@./c',
    'https://me:pw@host/x',
    '',
  ])('%j is refused before anything runs, without showing a password', (url) => {
    const [problem] = problems({ url });
    expect(problem).toMatchObject({ code: 'wrong-address', param: ['url'] });
    expect(problem?.message).not.toContain('pw');
  });

  it.each([
    ['https://a.org/x/CUB_200_2011.tgz?download=1', 'CUB_200_2011.tgz'],
    ['https://a.org/', 'download'],
    ['https://a.org/..%2f..%2fetc%2fpasswd', '_.._etc_passwd'],
    ['https://a.org/.hidden', 'hidden'],
    ['https://a.org/%00%0a%ff', '_00_0a_ff'],
    ['https://a.org/vögel%20bilder.tgz', 'vögel_bilder.tgz'],
    ['hf:a/b/c/model.safetensors', 'model.safetensors'],
    [`https://a.org/${'a'.repeat(150)}.tgz`, `${'a'.repeat(96)}.tgz`],
    [`https://a.org/${'鳥'.repeat(120)}.tgz`, `${'鳥'.repeat(65)}.tgz`],
    [`https://a.org/${'𝒳'.repeat(60)}.tgz`, `${'𝒳'.repeat(48)}.tgz`],
    [`https://a.org/a${'𝒳'.repeat(60)}`, '𝒳'.repeat(50)],
  ])('%s names the file safely', (url, name) => {
    expect(resultPath(url, undefined)).toBe(`file/${name}`);
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
  });
});

describe('the kind fetch', () => {
  const url = 'https://example.org/x';

  it.each([
    [{ url, md5: 'abc' }, 'wrong-checksum-form'],
    [{ url, sha256: 'g'.repeat(64) }, 'wrong-checksum-form'],
    [{ url, name: '../x' }, 'wrong-name'],
    [{ url, name: '.x' }, 'wrong-name'],
    [{ url, name: '鳥'.repeat(67) }, 'wrong-name'],
    [{ url, name: 'a'.repeat(101) }, 'wrong-name'],
  ])('refuses %j', (params, code) => {
    expect(problems(params)).toEqual([expect.objectContaining({ code })]);
  });

  it('takes checksums in either case as the same', () => {
    const md5 = 'AB'.repeat(16);
    expect(problems({ url, md5 })).toEqual([]);
    expect(fetchFile.effective?.({ url, md5 })).toEqual({ url, md5: md5.toLowerCase() });
  });

  it('makes the file, by its name, and tells of bytes', async () => {
    const bytes = randomBytes(50_000);
    const server = await serve((request, response) => send(request, response, { bytes, etag: '"1"' }));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const made = await workshop.make(fetchFile, { url: `${server.url}/a%20b.bin`, sha256 });
    expect(made.metrics).toEqual({ bytes: bytes.length });
    expect(readFileSync(join(made.folder, 'file/a_b.bin')).equals(bytes)).toBe(true);
    const last = made.messages.at(-1);
    expect(last).toMatchObject({ type: 'progress', unit: 'bytes', done: bytes.length, total: bytes.length, eta: 0 });
  });

  it('that is stopped says so', async () => {
    const server = await serve((_, response) => void response.writeHead(200).write('x'));
    const stop = new AbortController();
    const told = () => stop.abort();
    const stopped = workshop.make(fetchFile, { url: server.url }, {}, { signal: stop.signal, told });
    await expect(stopped).rejects.toThrow(StageInterrupted);
  });
});

describe('a file of a hub', () => {
  const bytes = Buffer.from('weights');
  const sha256 = createHash('sha256').update(bytes).digest('hex');

  /** A hub as far as it is asked: it sends large files from another host. */
  async function hub(sum: string) {
    const store = await serve((request, response) => send(request, response, { bytes, etag: '"s"' }));
    const server = await serve((request, response) => {
      if (request.headers.authorization !== 'Bearer hf_secret') response.writeHead(401).end();
      else if (request.url !== '/a/b/resolve/v1/c%20d/e.bin')
        response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
      else if (request.headers.range === 'bytes=0-0')
        response.writeHead(206, { 'content-range': `bytes 0-0/${bytes.length}`, 'x-linked-etag': `"${sum}"` }).end('w');
      else response.writeHead(302, { location: store.url }).end();
    });
    vi.stubEnv('HF_ENDPOINT', server.url);
    vi.stubEnv('HF_TOKEN', 'hf_secret');
    return store;
  }

  it('that the hub hands over at once, as its own network of caches does, is fetched without the token', async () => {
    const store = await serve((request, response) => {
      const part = {
        'content-range': `bytes 0-0/${bytes.length}`,
        etag: `"${sha256}"`,
        'x-cache': 'Hit from cloudfront',
      };
      if (request.headers.range === 'bytes=0-0') response.writeHead(206, part).end('w');
      else send(request, response, { bytes, etag: '"s"' });
    });
    const server = await serve((_, response) => response.writeHead(302, { location: store.url }).end());
    vi.stubEnv('HF_ENDPOINT', server.url);
    vi.stubEnv('HF_TOKEN', 'hf_secret');
    const made = await workshop.make(fetchFile, { url: 'hf:a/b/e.bin' });
    expect(readFileSync(join(made.folder, 'file/e.bin')).equals(bytes)).toBe(true);
    expect(store.asked.length).toBeGreaterThan(1);
    expect(store.asked.flatMap(({ headers }) => headers.authorization ?? [])).toEqual([]);
    vi.unstubAllEnvs();
  });

  it('is not asked for with a token that is none', async () => {
    await hub(sha256);
    vi.stubEnv('HF_TOKEN', 'secret');
    const failed = await workshop.make(fetchFile, { url: 'hf:a/b@v1/c d/e.bin' }).catch((error: unknown) => error);
    expect(failed).toMatchObject({ failures: [{ code: 'wrong-token' }] });
    expect(JSON.stringify(failed)).not.toContain('secret');
    vi.unstubAllEnvs();
  });

  const failing = (url: string) => workshop.make(fetchFile, { url }).catch((error: unknown) => error);

  it('comes with HF_TOKEN from HF_ENDPOINT, is checked by the hub’s own SHA-256, and no other host sees the token', async () => {
    const store = await hub(sha256);
    const made = await workshop.make(fetchFile, { url: 'hf:a/b@v1/c d/e.bin' });
    expect(readFileSync(join(made.folder, 'file/e.bin')).equals(bytes)).toBe(true);
    expect(store.asked[0]?.headers.authorization).toBeUndefined();
    vi.unstubAllEnvs();
  });

  it('that is another one, is not there or may not be read is told apart, and the token is never shown', async () => {
    await hub('0'.repeat(64));
    const wrong = await failing('hf:a/b@v1/c d/e.bin');
    const absent = await failing('hf:a/b@v1/c d/f.bin');
    vi.stubEnv('HF_TOKEN', 'hf_other');
    const forbidden = await failing('hf:a/b@v1/c d/e.bin');
    expect([wrong, absent, forbidden]).toMatchObject([
      { failures: [{ code: 'wrong-checksum', expected: `sha256 ${'0'.repeat(64)}` }] },
      { failures: [{ code: 'not-there', message: 'a/b has no file c d/f.bin at revision v1' }] },
      { failures: [{ code: 'no-access', fix: expect.stringContaining('HF_TOKEN') }] },
    ]);
    expect(JSON.stringify([wrong, absent, forbidden])).not.toMatch(/hf_/);
    vi.unstubAllEnvs();
  });
});
