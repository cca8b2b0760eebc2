import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sha256 } from '../../../src/fingerprint/digest.ts';
import type { Checksums } from '../../../src/stages/fetch/checksums.ts';
import { downloadTo } from '../../../src/stages/fetch/download.ts';
import { UnpacksTooFar, unpackTo } from '../../../src/stages/fetch/packing.ts';
import { send, serve, type Served } from './file-server.ts';

const inner = randomBytes(200_000);
const packed = gzipSync(inner);

/** Sends a file with a label, whatever was asked for. */
const labelled =
  (label: string, served: Served, only200 = false) =>
  (request: IncomingMessage, response: ServerResponse) => {
    if (!only200 || request.headers.range === undefined) response.setHeader('content-encoding', label);
    send(request, response, served);
  };

/** Downloads an address, and gives what is kept. */
async function download(address: string, checksums: Checksums = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'kdpipe-packing-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const warnings: string[] = [];
  const path = join(folder, 'whole');
  const size = await downloadTo(
    {
      ...{ address, folder, checksums, patience: 20_000, attempts: 3, pause: 1 },
      ...{ find: () => Promise.resolve({ url: address, headers: {} }), signal: new AbortController().signal },
      ...{ progress: () => undefined, warn: (message) => void warnings.push(message) },
    },
    path,
  );
  const bytes = readFileSync(path);
  expect(size).toBe(bytes.length);
  return { bytes, warnings };
}

describe('a .gz file that a server labels as packed, as Apache’s AddEncoding does', () => {
  it.each(['gzip', 'x-gzip'])('is kept as it is: %s, with its published checksum and without one', async (label) => {
    const { url, asked } = await serve(labelled(label, { bytes: packed, etag: '"1"' }));
    for (const address of [`${url}/labels-idx1-ubyte.gz`, `${url}/a.TGZ?download=1`])
      for (const checksums of [{}, { sha256: sha256(packed) }]) {
        const { bytes, warnings } = await download(address, checksums);
        expect(bytes.equals(packed)).toBe(true);
        expect(warnings).toEqual([]);
      }
    expect(asked[0]?.headers['accept-encoding']).toBe('identity');
  });

  it.each([false, true])(
    'goes on where the connection broke (label on the first answer alone: %s)',
    async (only200) => {
      let answers = 0;
      const { url, asked } = await serve((request, response) =>
        labelled(
          'x-gzip',
          { bytes: packed, etag: '"1"', most: ++answers === 1 ? 70_000 : Infinity },
          only200,
        )(request, response),
      );
      expect((await download(`${url}/a.gz`)).bytes.equals(packed)).toBe(true);
      expect(asked[1]?.headers.range).toMatch(/^bytes=[1-9]/);
    },
  );
});

describe('a file that a server packs for the way, though it was asked not to', () => {
  it.each([
    ['gzip', packed],
    ['deflate', deflateSync(inner)],
    ['br', brotliCompressSync(inner)],
  ])('is kept unpacked: %s; without a checksum that is said', async (label, bytes) => {
    const { url } = await serve(labelled(label, { bytes, etag: '"1"' }));
    const checked = await download(`${url}/a.csv`, { sha256: sha256(inner) });
    expect(checked.bytes.equals(inner)).toBe(true);
    expect(checked.warnings).toEqual([]);
    const unchecked = await download(`${url}/a.csv`);
    expect(unchecked.bytes.equals(inner)).toBe(true);
    expect(unchecked.warnings).toEqual([expect.stringContaining(`came packed (${label}) and is kept unpacked`)]);
  });

  it('is the form whose checksum fits, whatever its name says', async () => {
    const { url } = await serve(labelled('gzip', { bytes: packed, etag: '"1"' }));
    expect((await download(`${url}/a.csv`, { sha256: sha256(packed) })).bytes.equals(packed)).toBe(true);
    expect((await download(`${url}/a.gz`, { sha256: sha256(inner) })).bytes.equals(inner)).toBe(true);
    await expect(download(`${url}/a.gz`, { sha256: '0'.repeat(64) })).rejects.toMatchObject({
      failures: [{ code: 'wrong-checksum', message: expect.stringContaining(sha256(packed)) }],
    });
  });
});

it.each(['gzip', 'aws-chunked', 'utf-8'])(
  'a file that is not packed as its label says is kept as it is: %s',
  async (label) => {
    const { url } = await serve(labelled(label, { bytes: inner, etag: '"1"' }));
    expect((await download(`${url}/a.csv`)).bytes.equals(inner)).toBe(true);
  },
);

it.each(['gzip', 'br', 'deflate'])('a packed answer is unpacked to no more than it may: %s', async (packing) => {
  const folder = mkdtempSync(join(tmpdir(), 'kdpipe-packing-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const pack = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync }[packing as 'gzip'];
  writeFileSync(join(folder, 'part'), pack(Buffer.alloc(2_000_000)));
  const unpack = (most: number) =>
    unpackTo(join(folder, 'part'), { packing, target: join(folder, 'whole'), most }, new AbortController().signal);
  await expect(unpack(1_000_000)).rejects.toThrow(UnpacksTooFar);
  expect(statSync(join(folder, 'whole')).size).toBeLessThanOrEqual(1_000_000);
  expect(await unpack(2_000_000)).toBeDefined();
});
