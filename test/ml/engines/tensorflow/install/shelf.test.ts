import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileIn, shelfOf } from '../../../../../src/ml/engines/tensorflow/install/shelf.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'shelf-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const content = 'a wheel';
const sha256 = [createHash('sha256').update(content).digest('hex')] as const;
const published = { package: 'nvidia-cublas-cu12', version: '1.2', sha256, size: 7, unpacked: 7 };

describe('fileIn', () => {
  it.each([
    ['nvidia-cublas-cu12', 'nvidia_cublas_cu12-1.2-py3-none-any.whl'],
    ['@tensorflow/tfjs-node', 'tensorflow-tfjs-node-1.2.tgz'],
    ['node-api-headers', 'node-api-headers-1.2.tgz'],
  ])('finds %s under the name that its registry gives', async (name, file) => {
    writeFileSync(join(folder, file), content);
    writeFileSync(join(folder, `${file}.part`), '');
    expect(await fileIn(folder, { ...published, package: name })).toBe(join(folder, file));
  });

  it('finds nothing in a folder that lacks it or is not there', async () => {
    writeFileSync(join(folder, 'nvidia_cublas_cu12-1.20-py3-none-any.whl'), content);
    expect(await fileIn(folder, published)).toBeUndefined();
    expect(await fileIn(join(folder, 'none'), published)).toBeUndefined();
  });

  it('refuses a file of that name that is another', async () => {
    writeFileSync(join(folder, 'nvidia_cublas_cu12-1.2-py3-none-any.whl'), 'else');
    await expect(fileIn(folder, published)).rejects.toMatchObject({ failures: [{ code: 'wrong-checksum' }] });
  });
});

describe('shelfOf', () => {
  it('refuses what is no wheel that was tried, and says which one is', async () => {
    const file = join(folder, 'tensorflow-1.0-cp37.whl');
    writeFileSync(file, content);
    await expect(shelfOf(file, 'cpu')).rejects.toMatchObject({
      failures: [{ code: 'wrong-wheel', fix: expect.stringContaining('tensorflow-cpu==') as string }],
    });
    await expect(shelfOf(join(folder, 'none'), 'cpu')).rejects.toMatchObject({ failures: [{ code: 'missing-file' }] });
  });
});
