import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDashboard, type Dashboard } from '../../../src/dashboard/server/dashboard-server.ts';
import { Runs } from '../../../src/dashboard/server/runs.ts';
import { Thumbnails } from '../../../src/ml/data/thumbnails.ts';
import { openPacked } from '../../../src/ml/data/open.ts';
import { openProject } from '../../../src/project/project.ts';
import { listen, noChromium, seriousProblems, startChromium } from '../../support/chromium.ts';
import { Project } from '../../support/project.ts';

if (noChromium) console.warn(noChromium);

const pipeline = `name: digits
description: A <b>small</b> study.
defaults: { distill-student: { epochs: 3, batch_size: 32 } }
stages:
  data: { uses: dataset, with: { source: mnist-digits, limit: { train: 60, val: 20, test: 50 } } }
  teacher: { uses: train-teacher, with: { data: "\${stages.data}", model: convnet16, epochs: 1 } }
  student:
    uses: distill-student
    matrix: { teacher: ["\${stages.teacher}"], kd_method: [SoftTarget], kd_ratio: [0.5, 0.8], seed: [0, 1] }
    with: { data: "\${stages.data}", model: convnet8 }
  score:
    uses: evaluate
    matrix: { of: ["\${stages.student}"] }
    with: { data: "\${stages.data}", splits: [test] }
tables:
  results: { from: score, rows: [kd_ratio], columns: [test.accuracy, test.nll], into: TABLE.md }
`;
const student = 'student[teacher=teacher,kd_method=SoftTarget,kd_ratio=0.5,seed=1]';
const score = `score[of=${student}]`;
/** What has the keyboard's focus, as readers of the screen call it. */
const focused = "document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? ''";
/** A record that grows while it is looked at. */
const growing = '20200101T000000000Z-00000a';

describe.skipIf(noChromium)('the page of a real run, in Chromium', () => {
  let project: Project;
  let dashboard: Dashboard;
  let browser: Browser;
  let run = '';
  const thumbnails = new Thumbnails();
  const records = (): string => project.path('runs/digits');

  beforeAll(async () => {
    project = new Project({ 'digits.yaml': pipeline });
    const ended = project.run('run', 'digits.yaml');
    if (ended.code !== 0) throw new Error(ended.stderr);
    const { runsFolder, store } = openProject(project.folder);
    const runs = new Runs(runsFolder, store);
    run = runs.list()[0]?.run ?? '';
    dashboard = await startDashboard(runs, { readPicture: (...image) => thumbnails.read(...image) });
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser.close();
    await dashboard.close();
    thumbnails.close();
    project.remove();
  });

  /** Opens a view, and gives what the page says on its console. */
  async function open(
    hash: string,
    options: Parameters<Browser['newPage']>[0] = {},
  ): Promise<{ page: Page; said: readonly string[] }> {
    const page = await browser.newPage(options);
    const said = listen(page);
    await page.goto(`${dashboard.address}?run=${run}${hash}`);
    await page.locator('main').waitFor();
    return { page, said };
  }

  const views = [
    '#/overview',
    '#/training',
    '#/results/score',
    '#/compare',
    `#/cell/${encodeURIComponent(score)}`,
    `#/cell/${encodeURIComponent(student)}`,
  ];

  it('shows the numbers of the README table, and draws charts of them', async () => {
    const { page, said } = await open('#/results/score');
    const cells = await page.locator('tbody td.number').allTextContents();
    expect(cells).toHaveLength(4);
    const table = project.read('TABLE.md').replaceAll('*', '');
    for (const cell of cells) expect(table).toContain(cell);
    await page.locator('canvas').first().waitFor();
    expect(said).toEqual([]);
    await page.close();
  });

  it.each(['light', 'dark'] as const)(
    'has nothing serious for axe-core and nothing on its console, in %s colours',
    async (colorScheme) => {
      const asked: string[] = [];
      for (const view of views) {
        const { page, said } = await open(view, { colorScheme });
        page.on('request', (request) => asked.push(request.url()));
        await page.locator('h2').first().waitFor();
        if (!['#/overview', '#/compare'].includes(view)) await page.locator('canvas').first().waitFor();
        expect([view, await seriousProblems(page), said]).toEqual([view, [], []]);
        await page.close();
      }
      for (const url of asked) expect(url).toContain(dashboard.address);
    },
  );

  it('draws confusion, classes, calibration and curves of a cell, and shows its log', async () => {
    const { page } = await open(views[4] ?? '');
    await expect.poll(() => page.locator('canvas').count()).toBe(3);
    await page.goto(`${dashboard.address}?run=${run}${views[5] ?? ''}`);
    await page.reload();
    expect(await page.locator('pre.log').textContent()).toContain('epoch 2: lr');
    expect(await page.locator('.panels figcaption').allTextContents()).toEqual(
      expect.arrayContaining(['loss', 'accuracy', 'distillation terms', 'learning rate', 'images/s']),
    );
    await page.close();
  });

  it('shows the images that were mistaken most surely, as their dataset has them', async () => {
    const { page, said } = await open(views[4] ?? '');
    const shown = page.locator('img.mistaken');
    await expect.poll(() => shown.count()).toBeGreaterThan(0);
    const [folder = ''] = project.run('path', 'data.data').stdout.split('\n');
    const [scores = ''] = project.run('path', `${score}.predictions`).stdout.split('\n');
    const rows = project.read(scores).trim().split('\n').slice(1);
    const data = openPacked(project.path(folder));
    for (const [at, row] of (await page.locator('tr:has(img.mistaken)').all()).entries()) {
      const name = await row.locator('td').first().textContent();
      const index = rows.findIndex((line) => line.split(',')[2] === name);
      const address = await shown.nth(at).getAttribute('src');
      const file = Buffer.from(await (await fetch(new URL(address ?? '', dashboard.address))).arrayBuffer());
      const image = await data.split('test').image('eval', index);
      expect(await sharp(file).raw().toBuffer()).toEqual(Buffer.from(image.pixels));
    }
    data.close();
    const other = `${dashboard.address}api/picture?run=${run}&cell=${encodeURIComponent(score)}`;
    for (const query of ['split=test&index=50', 'split=test&index=-1', 'split=../test&index=0', 'split=test&index=0.5'])
      expect((await fetch(`${other}&${query}`)).status).toBe(404);
    expect(said).toEqual([]);
    await page.close();
  });

  it('is used with the keyboard alone: to a table, sort it, choose two rows, compare them', async () => {
    const { page } = await open('#/overview');
    const tabTo = async (text: string): Promise<void> => {
      for (let presses = 0; presses < 80; presses++) {
        await page.keyboard.press('Tab');
        const name = await page.evaluate<string>(focused);
        if (name.startsWith(text)) return;
      }
      throw new Error(`the keyboard does not lead to ${text}`);
    };
    await tabTo('score');
    await page.keyboard.press('Enter');
    await tabTo('kd_ratio');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('tbody td:nth-child(2)').allTextContents()).toEqual(['0.8', '0.5']);
    await tabTo('compare 0.8');
    await page.keyboard.press('Space');
    await tabTo('compare 0.5');
    await page.keyboard.press('Space');
    await page.keyboard.press('Shift+Tab');
    await page.locator('a.button').focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('main').textContent()).toContain('of.kd_ratio0.80.5');
    expect(await page.locator('main').textContent()).toContain('paired by seed');
    await page.close();
  });

  it('follows a run as it is written, without being loaded again', async () => {
    const folder = join(records(), growing);
    cpSync(join(records(), run), folder, { recursive: true });
    const lines = readFileSync(join(folder, 'events.ndjson'), 'utf8').trimEnd().split('\n');
    const at = lines.findIndex((line) => line.includes('"stage-started"') && line.includes('student'));
    writeFileSync(join(folder, 'events.ndjson'), `${lines.slice(0, at).join('\n')}\n`);
    const page = await browser.newPage();
    await page.goto(`${dashboard.address}?run=${growing}#/overview`);
    await expect.poll(() => page.locator('main').textContent()).toContain('4 waiting');
    await page.evaluate(() => Object.assign(globalThis, { wasThere: true }));
    const add = (some: readonly string[]): void =>
      appendFileSync(join(folder, 'events.ndjson'), `${some.join('\n')}\n`);
    add(lines.slice(at, at + 4));
    await expect.poll(() => page.locator('main').textContent()).toContain('running');
    add(lines.slice(at + 4));
    await expect.poll(() => page.locator('.summary').textContent()).toContain('10 of 10 cells');
    expect(await page.evaluate(() => 'wasThere' in globalThis)).toBe(true);
    await page.close();
    rmSync(folder, { recursive: true });
  });

  it('is one file by kdpipe report, which asks nobody for anything', async () => {
    const path = project.path('page.html');
    expect(project.run('report', '--format', 'html', run, '-o', path).code).toBe(0);
    const page = await browser.newPage();
    const said = listen(page);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const file = pathToFileURL(path).href;
    await page.goto(`${file}#/training`);
    await page.locator('canvas').first().waitFor();
    await page.goto(`${file}${views[4] ?? ''}`);
    await expect.poll(() => page.locator('canvas').count()).toBe(3);
    const widths = "Array.from(document.querySelectorAll('img.mistaken'), (image) => image.naturalWidth)";
    const seen = await page.evaluate<number[]>(widths);
    expect([seen.length > 0, new Set(seen)]).toEqual([true, new Set([28])]);
    expect(await page.locator('#app').textContent()).not.toContain('does not answer');
    expect([said, asked.every((url) => url.startsWith('file:'))]).toEqual([[], true]);
    await page.close();
  });

  it('shows names of users as they are, and says what it needs where scripts are off', async () => {
    const { page } = await open('#/overview');
    expect(await page.locator('.description').textContent()).toBe('A <b>small</b> study.');
    await page.close();
    const { page: plain } = await browser
      .newContext({ javaScriptEnabled: false })
      .then(async (context) => ({ page: await context.newPage() }));
    await plain.goto(dashboard.address);
    expect(await plain.locator('.noscript').textContent()).toContain('needs JavaScript');
    await plain.close();
  });

  it('says so when the run is not there', async () => {
    const page = await browser.newPage();
    await page.goto(`${dashboard.address}?run=nobody`);
    await expect.poll(() => page.locator('main').textContent()).toContain('there is no run called nobody here');
    await page.close();
  });
});
