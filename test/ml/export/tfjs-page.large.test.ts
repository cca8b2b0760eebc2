import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/ml/engines/create-engine.ts';
import type { Engine } from '../../../src/ml/engines/engine.ts';
import { tfjs } from '../../../src/ml/export/tfjs.ts';
import { writeFiles } from '../../../src/ml/export/write-files.ts';
import { predictFiles } from '../../../src/ml/inference/predict-files.ts';
import type { ModelName } from '../../../src/ml/models/registry.ts';
import { findPackage } from '../../../src/util/optional-package.ts';
import { listen, noChromium, seriousProblems, startChromium } from '../../support/chromium.ts';
import { modelOf } from './support/exported.ts';

const require = findPackage('@tensorflow/tfjs', 'KDPIPE_TFJS');
const lacking = require ? noChromium : 'needs @tensorflow/tfjs: KDPIPE_TFJS names a folder with it';

const pictures = ['a', 'b', 'c'].map((name) =>
  fileURLToPath(new URL(`../../fixtures/images/${name}.png`, import.meta.url)),
);
const TYPES: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript', json: 'application/json' };

/** Files of a folder, and nothing else. */
function serve(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const path = join(folder, request.url === '/' ? 'index.html' : (request.url ?? ''));
    if (!existsSync(path)) response.writeHead(404).end();
    else
      response
        .writeHead(200, { 'Content-Type': TYPES[path.split('.').at(-1) ?? ''] ?? 'text/plain' })
        .end(readFileSync(path));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

describe.skipIf(lacking)(`the page beside a graph model, in Chromium ${lacking ?? ''}`, () => {
  let engine: Engine;
  let browser: Browser;
  let server: Server;
  let folder: string;
  beforeAll(async () => {
    engine = await createEngine('wasm', { threads: 1 });
    browser = await startChromium();
    folder = mkdtempSync(join(tmpdir(), 'kdpipe-page-'));
    server = await serve(join(folder, 'tfjs'));
  });
  afterAll(async () => {
    await browser.close();
    server.close();
    rmSync(folder, { recursive: true });
    await engine.dispose();
  });
  const address = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  it('says what is missing', async () => {
    writeFiles(folder, tfjs.files(modelOf('resnet20')));
    const page = await browser.newPage();
    await page.goto(address());
    await expect.poll(() => page.locator('#status').textContent()).toMatch(/^tf\.min\.js is missing: copy it here/);
    expect(await seriousProblems(page)).toEqual([]);
    await page.close();
  });

  it.each<ModelName>(['resnet20', 'mobilenetv2', 'shuffle_v1', 'shufflenet_v2_x0_5', 'ghostnet', 'efficientnet_v2_s'])(
    'sees in pictures what kdpipe predict sees, with %s',
    async (name) => {
      const model = modelOf(name);
      writeFiles(folder, tfjs.files(model));
      copyFileSync(join(dirname(require!.resolve('@tensorflow/tfjs')), 'tf.min.js'), join(folder, 'tfjs', 'tf.min.js'));
      const { signal } = new AbortController();
      const expected = await predictFiles(model, pictures, { engine, batchSize: 3, tta: 'none', signal });
      const page = await browser.newPage();
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      const said = listen(page);
      await page.goto(address());
      await expect.poll(() => page.locator('#status').textContent()).toBe('');
      for (const [at, picture] of pictures.entries()) {
        await page.evaluate("document.querySelector('tbody').replaceChildren()");
        await page.locator('input').setInputFiles(picture);
        await expect.poll(() => page.locator('data').count()).toBe(5);
        const names = await page.locator('td:first-child').allTextContents();
        const found = await page.evaluate<number[]>(
          "Array.from(document.querySelectorAll('data'), (one) => +one.value)",
        );
        const best = expected![at]!.slice(0, 5);
        expect(names).toEqual(best.map((one) => one.class));
        found.forEach((value, rank) => expect(Math.abs(value - best[rank]!.probability)).toBeLessThan(1e-5));
      }
      expect(asked.filter((url) => !url.startsWith(address()) && !url.startsWith('blob:'))).toEqual([]);
      expect(said).toEqual([]);
      await page.close();
    },
  );
});
