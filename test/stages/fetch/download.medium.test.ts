import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FailureError, type Failure } from '../../../src/core/failure.ts';
import { downloadTo, type Download } from '../../../src/stages/fetch/download.ts';
import { send, serve } from './file-server.ts';

const bytes = randomBytes(300_000);
const other = randomBytes(300_000);
const md5 = (of: Buffer) => createHash('md5').update(of).digest('hex');

/** A folder of a download, and what it told. */
function place() {
  const folder = mkdtempSync(join(tmpdir(), 'kdpipe-fetch-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const warnings: string[] = [];
  const steps: [number, number][] = [];
  const start = (url: string, options: Partial<Download> = {}): Promise<number> =>
    downloadTo(
      {
        ...{ address: url, folder, checksums: {}, patience: 20_000, attempts: 3, pause: 1 },
        find: () => Promise.resolve({ url, headers: {} }),
        signal: new AbortController().signal,
        progress: (done, total) => void steps.push([done, total]),
        warn: (message) => void warnings.push(message),
        ...options,
      },
      join(folder, 'whole'),
    );
  return { folder, warnings, steps, start, whole: () => readFileSync(join(folder, 'whole')) };
}

async function failureOf(work: Promise<unknown>): Promise<Failure | undefined> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof FailureError) return error.failures[0];
  throw error as Error;
}

describe('a download', () => {
  it('brings the bytes, tells how many of how many have come, and leaves no part behind', async () => {
    const { url } = await serve((request, response) => send(request, response, { bytes, etag: '"1"' }));
    const { folder, steps, start, whole } = place();
    expect(await start(`${url}/a.bin`, { checksums: { md5: md5(bytes) } })).toBe(bytes.length);
    expect(whole().equals(bytes)).toBe(true);
    expect(steps[0]).toEqual([0, bytes.length]);
    expect(steps.at(-1)).toEqual([bytes.length, bytes.length]);
    expect(existsSync(join(folder, 'part'))).toBe(false);
  });

  it('goes on where the connection broke', async () => {
    const { url, asked } = await serve((request, response) =>
      send(request, response, { bytes, etag: '"1"', most: asked.length === 1 ? 100_000 : Infinity }),
    );
    const { warnings, start, whole } = place();
    await start(url);
    expect(whole().equals(bytes)).toBe(true);
    expect(asked.map(({ headers }) => [headers.range, headers['if-range']])).toEqual([
      [undefined, undefined],
      [expect.stringMatching(/^bytes=[1-9]\d+-$/), '"1"'],
    ]);
    expect(warnings).toEqual([expect.stringContaining('did not arrive whole')]);
  });

  it('that was stopped goes on in another process, and checks all bytes', async () => {
    const stop = new AbortController();
    const { url, asked } = await serve((request, response) =>
      // Never ends while the first attempt listens.
      asked.length === 1
        ? void response
            .writeHead(200, { etag: '"1"', 'content-length': bytes.length })
            .write(bytes.subarray(0, 100_000))
        : send(request, response, { bytes, etag: '"1"' }),
    );
    const { start, folder, whole } = place();
    const progress = (done: number) => {
      if (done > 0) stop.abort();
    };
    await expect(start(url, { signal: stop.signal, progress })).rejects.toThrow('abort');
    const kept = readFileSync(join(folder, 'part')).length;
    expect(kept).toBeGreaterThan(0);
    await start(url, { checksums: { md5: md5(bytes) } });
    expect(whole().equals(bytes)).toBe(true);
    expect(asked.at(-1)?.headers.range).toBe(`bytes=${kept}-`);
  });

  it('that had all bytes when it was stopped needs no more of them', async () => {
    const { url, asked } = await serve((request, response) => send(request, response, { bytes, etag: '"1"' }));
    const { start, folder, whole } = place();
    writeFileSync(join(folder, 'part'), bytes);
    writeFileSync(join(folder, 'part.json'), '{"version":"\\"1\\""}');
    await start(url, { checksums: { md5: md5(bytes) } });
    expect(whole().equals(bytes)).toBe(true);
    expect(asked).toHaveLength(1);
  });

  it('never glues two versions of a file together', async () => {
    const { url, asked } = await serve((request, response) =>
      send(
        request,
        response,
        asked.length === 1 ? { bytes, etag: '"1"', most: 100_000 } : { bytes: other, etag: '"2"' },
      ),
    );
    const { start, whole } = place();
    await start(url);
    expect(whole().equals(other)).toBe(true);
  });

  it.each([['"2"'], [undefined]])(
    'begins anew where the server ignores conditions and the mark is then %s',
    async (mark) => {
      const { url, asked } = await serve((request, response) => {
        const { range } = request.headers;
        const start = Number(/\d+/.exec(range ?? '')?.[0] ?? 0);
        const etag = asked.length === 1 && mark !== undefined ? '"1"' : mark;
        response.writeHead(range === undefined ? 200 : 206, {
          ...(etag !== undefined && { etag }),
          ...(range !== undefined && { 'content-range': `bytes ${start}-${other.length - 1}/${other.length}` }),
        });
        if (asked.length === 1) response.write(bytes.subarray(0, 100_000), () => response.destroy());
        else response.end(other.subarray(start));
      });
      const { start, whole } = place();
      await start(url);
      expect(whole().equals(other)).toBe(true);
    },
  );

  it('begins anew once where the parts do not give the checksum', async () => {
    const { url } = await serve((request, response) => send(request, response, { bytes, etag: '"1"' }));
    const { start, folder, whole } = place();
    writeFileSync(join(folder, 'part'), other.subarray(0, 1000));
    writeFileSync(join(folder, 'part.json'), '{"version":"\\"1\\""}');
    await start(url, { checksums: { md5: md5(bytes) } });
    expect(whole().equals(bytes)).toBe(true);
  });

  it('of another file is refused, saying what it got and what was expected, and nothing of it is kept', async () => {
    const { url } = await serve((request, response) => send(request, response, { bytes: other, etag: '"1"' }));
    const { start, folder } = place();
    expect(await failureOf(start(url, { checksums: { md5: md5(bytes) } }))).toMatchObject({
      code: 'wrong-checksum',
      message: expect.stringContaining(md5(other)),
      expected: `md5 ${md5(bytes)}`,
    });
    expect(readFileSync(join(folder, 'part'))).toHaveLength(0);
    expect(existsSync(join(folder, 'whole'))).toBe(false);
  });

  it('is tried again after 503, and keeps what had come before it', async () => {
    const { url, asked } = await serve((request, response) => {
      if (asked.length === 1) send(request, response, { bytes, etag: '"1"', most: 100_000 });
      else if (asked.length <= 3) response.writeHead(503).end();
      else send(request, response, { bytes, etag: '"1"' });
    });
    const { warnings, start, whole } = place();
    await start(url, { attempts: 4 });
    expect(whole().equals(bytes)).toBe(true);
    expect(warnings).toHaveLength(3);
    expect(asked[3]?.headers.range).toMatch(/^bytes=[1-9]/);
  });

  it('gives up when the server goes on to refuse', async () => {
    const { url, asked } = await serve((_, response) => void response.writeHead(503).end());
    const message = expect.stringContaining('503');
    expect(await failureOf(place().start(url))).toMatchObject({ code: 'http-status', message });
    expect(asked).toHaveLength(3);
  });

  it.each([
    [404, 'not-there'],
    [403, 'no-access'],
    [501, 'http-status'],
  ])('that is answered %d fails at once', async (status, code) => {
    const { url, asked } = await serve((_, response) => void response.writeHead(status).end('no'));
    const message = expect.stringContaining(String(status));
    expect(await failureOf(place().start(url))).toMatchObject({ code, message });
    expect(asked).toHaveLength(1);
  });

  it('gives up a connection on which nothing comes', async () => {
    const { url } = await serve((_, response) => void response.writeHead(200, { 'content-length': 10 }).write('abc'));
    expect(await failureOf(place().start(url, { patience: 50, attempts: 1 }))).toMatchObject({
      code: 'connection-lost',
      message: expect.stringContaining('nothing came for 0.05 s'),
    });
  });

  it('follows to another host, which does not get what authorises', async () => {
    const store = await serve((request, response) => send(request, response, { bytes, etag: '"1"' }));
    const { url, asked } = await serve(
      (_, response) => void response.writeHead(302, { location: `${store.url}/x` }).end(),
    );
    const { start, whole } = place();
    const find = () => Promise.resolve({ url, headers: { authorization: 'Bearer secret' } });
    await start(url, { find });
    expect(whole().equals(bytes)).toBe(true);
    expect(asked[0]?.headers.authorization).toBe('Bearer secret');
    expect(store.asked[0]?.headers.authorization).toBeUndefined();
  });

  it('of addresses that lead to each other is refused at once, not tried again', async () => {
    const { url, asked } = await serve(
      (request, response) => void response.writeHead(302, { location: request.url === '/a' ? '/b' : '/a' }).end(),
    );
    const { start, warnings } = place();
    expect(await failureOf(start(`${url}/a`))).toMatchObject({
      code: 'redirect-loop',
      message: `${url}/a leads on and on, from one address to the next`,
    });
    expect(warnings).toEqual([]);
    expect(asked).toHaveLength(21);
  });

  it('of an answer without a size says that nothing tells whether it is whole, unless a checksum does', async () => {
    const { url } = await serve((_, response) => {
      response.useChunkedEncodingByDefault = false;
      response.writeHead(200, { connection: 'close' }).end(bytes);
    });
    const [open, checked] = [place(), place()];
    expect(await open.start(url)).toBe(bytes.length);
    expect(open.warnings).toEqual([expect.stringContaining('came without a size')]);
    await checked.start(url, { checksums: { md5: md5(bytes) } });
    expect(checked.warnings).toEqual([]);
  });

  it('says that a host cannot be reached', async () => {
    const { url } = await serve(() => undefined);
    // Of another address of this machine, where nobody listens.
    const free = `http://127.0.0.2:${new URL(url).port}/x`;
    expect(await failureOf(place().start(free, { attempts: 2 }))).toMatchObject({
      code: 'host-unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    const named = await failureOf(place().start('http://no-such-host.invalid/x'));
    expect(named).toMatchObject({ code: 'host-unreachable', message: expect.stringContaining('no-such-host.invalid') });
  });

  it('that the disk has no room for fails before it starts', async () => {
    const { url } = await serve(
      (_, response) => void response.writeHead(200, { 'content-length': 2 ** 52 }).write('x'),
    );
    expect(await failureOf(place().start(url))).toMatchObject({ code: 'disk-full', expected: 'room for the file' });
  });
});
