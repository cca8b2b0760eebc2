/**
 * Takes the README's pictures of the dashboard: `npm run build:screenshots -- FOLDER [RUN]` with a folder in which
 * pipelines/kd-ratio.yaml has run. Needs Chromium.
 */
import { stat } from 'node:fs/promises';
import sharp from 'sharp';
import { startDashboard } from '../../src/dashboard/server/dashboard-server.ts';
import { Runs } from '../../src/dashboard/server/runs.ts';
import { openProject } from '../../src/project/project.ts';
import { startChromium } from '../support/chromium.ts';

/** Views by the names of their pictures. */
const pictures = [
  { file: 'dashboard-light.png', view: '#/results/score', colorScheme: 'light', height: 1080 },
  { file: 'dashboard-dark.png', view: '#/results/score', colorScheme: 'dark', height: 1080 },
  { file: 'dashboard-training.png', view: '#/training', colorScheme: 'light', height: 800 },
] as const;

const [folder = '.', wanted] = process.argv.slice(2);
const { runsFolder, store } = openProject(folder);
const runs = new Runs(runsFolder, store);
const found = runs
  .list()
  .find(({ pipeline, run }) => (wanted === undefined ? pipeline === 'kd-ratio' : run === wanted));
if (!found) throw new Error(`kd-ratio.yaml has not run in ${folder}`);
const dashboard = await startDashboard(runs);
const browser = await startChromium();
for (const { file, view, colorScheme, height } of pictures) {
  const page = await browser.newPage({ viewport: { width: 1180, height }, colorScheme });
  await page.goto(`${dashboard.address}?run=${found.run}${view}`);
  await page.locator('canvas').first().waitFor();
  const isTraining = view === '#/training';
  await page.locator('input[type=search]').fill(isTraining ? 'seed=0 kd_ratio=0.5' : 'kd_ratio>0.5');
  if (!isTraining) for (const row of [2, 8]) await page.locator('tbody input').nth(row).check();
  await page.waitForTimeout(1500);
  await page.evaluate('document.activeElement?.blur()');
  const path = `pipelines/plots/${file}`;
  await sharp(await page.screenshot())
    .png({ palette: true, colours: 128, effort: 10 })
    .toFile(path);
  console.log(`${path}: ${Math.round((await stat(path)).size / 1024)} KiB`);
  await page.close();
}
await browser.close();
await dashboard.close();
