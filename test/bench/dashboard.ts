import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, CDPSession } from 'playwright-core';
import type { EventBody } from '../../src/core/event.ts';
import type { Plan } from '../../src/core/plan.ts';
import { startDashboard } from '../../src/dashboard/server/dashboard-server.ts';
import { htmlReport } from '../../src/dashboard/server/html-report.ts';
import { Runs } from '../../src/dashboard/server/runs.ts';
import { openProject } from '../../src/project/project.ts';
import { planToJson } from '../../src/record/plan-json.ts';
import { cell, to } from '../report/sample-plan.ts';
import { startChromium } from '../support/chromium.ts';

/** Students and their scores: 10,000 cells with a teacher and a dataset. */
const students = 4999;
const running = 100;
const updates = 40;
const run = '20250615T120000000Z-0a1b2c';
const key = 'a'.repeat(64);
const methods = ['SoftTarget', 'DKD', 'AT', 'CRD', 'RKD'];

/** A sweep over methods, ratios, learning rates and ten seeds. */
function sweep(): Plan {
  const base = { model: 'resnet8', epochs: 60, batch_size: 64, optimizer: 'sgd', data: to('data', 'data') };
  const trained = Array.from({ length: students }, (_, at) => {
    const axes = {
      kd_method: methods[Math.floor(at / 1000)] ?? '',
      kd_ratio: (Math.floor(at / 100) % 10) / 10,
      lr: 0.01 * (1 + (Math.floor(at / 10) % 10)),
      seed: at % 10,
    };
    const id = `student[kd_method=${axes.kd_method},kd_ratio=${axes.kd_ratio},lr=${axes.lr},seed=${axes.seed}]`;
    return {
      ...cell(id, axes, { ...axes, ...base, teacher: to('teacher') }),
      kind: 'distill-student',
      needs: ['data', 'teacher'],
    };
  });
  const scored = trained.map(({ id }) => ({
    ...cell(`score[of=${id}]`, { of: to(id) }, { of: to(id) }),
    kind: 'evaluate',
    needs: [id],
  }));
  const cells = [cell('data'), { ...cell('teacher'), needs: ['data'] }, ...trained, ...scored];
  return { name: 'sweep', description: '', file: 'sweep.yaml', params: {}, cells, tables: [], plots: [] };
}

/** A record of the sweep: all students but the last hundred are done, those run. */
function record(folder: string, plan: Plan): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'plan.json'), planToJson(plan));
  let at = 1_750_000_000_000;
  const lines: string[] = [];
  const tell = (event: EventBody): unknown => lines.push(JSON.stringify({ ...event, at: at++ }));
  const { length } = plan.cells;
  tell({
    type: 'run-started',
    run,
    pipeline: 'sweep',
    file: 'sweep.yaml',
    cells: length,
    slots: 100,
    command: 'kdpipe run sweep.yaml',
    commit: null,
  });
  for (const [place, { id, stage }] of plan.cells.entries()) {
    const isRunning = place >= 2 + students - running && place < 2 + students;
    if (isRunning || stage !== 'score' || place < length - running)
      tell({ type: 'stage-started', cell: id, key, attempt: 1, reason: 'first run' });
    if (isRunning || (stage === 'score' && place >= length - running)) continue;
    const accuracy = 0.6 + 0.2 * Math.abs(Math.sin(place));
    for (let done = 1; done <= 5; done++)
      tell({ type: 'stage-progress', cell: id, progress: { done, total: 5, unit: 'epochs', loss: 1 / done } });
    tell({
      type: 'stage-finished',
      cell: id,
      key,
      seconds: 12,
      metrics: { test: { accuracy, nll: 1 - accuracy, ece: 0.1 }, parameters: 1000 },
    });
  }
  writeFileSync(join(folder, 'events.ndjson'), `${lines.join('\n')}\n`);
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

/** Processor time of the page's main thread; milliseconds. */
async function busy(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? NaN);
}

/** From the address to the first paint, and to the stages of the run; milliseconds. */
async function openings(browser: Browser, address: string): Promise<readonly [paint: number, stages: number]> {
  const page = await browser.newPage();
  const start = performance.now();
  await page.goto(`${address}#/overview`);
  await page.locator('.stage-box').first().waitFor();
  const stages = performance.now() - start;
  const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN);
  await page.close();
  return [paint, stages];
}

/** What an update of a hundred running cells costs the page's main thread; milliseconds. */
async function updateCost(browser: Browser, address: string, events: string): Promise<number> {
  const page = await browser.newPage();
  await page.goto(address);
  await page.locator('main section').first().waitFor();
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.waitForTimeout(3000);
  const tell = (round: number): void => {
    const lines = Array.from({ length: running }, (_, nth) => {
      const at = students - running + nth;
      const id = `student[kd_method=${methods[Math.floor(at / 1000)] ?? ''},kd_ratio=${(Math.floor(at / 100) % 10) / 10},lr=${0.01 * (1 + (Math.floor(at / 10) % 10))},seed=${at % 10}]`;
      return JSON.stringify({
        type: 'stage-progress',
        cell: id,
        progress: {
          done: round,
          total: 60,
          unit: 'epochs',
          loss: 1 / round,
          imagesPerSecond: 900 + round,
          eta: 60 - round,
        },
        at: Date.now(),
      });
    });
    appendFileSync(events, `${lines.join('\n')}\n`);
  };
  const before = await busy(session);
  for (let round = 1; round <= updates; round++) {
    tell(round);
    await page.waitForTimeout(300);
  }
  await page.waitForTimeout(600);
  const cost = ((await busy(session)) - before) / updates;
  await page.close();
  return cost;
}

/** Measures the dashboard with 10,000 cells in Chromium. */
export async function dashboard(): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'kdpipe-dashboard-'));
  const folder = join(root, 'runs', 'sweep', run);
  record(folder, sweep());
  const { runsFolder, store } = openProject(root);
  const cold = performance.now();
  const runs = new Runs(runsFolder, store);
  const { data } = runs.latest().snapshot();
  const read = performance.now() - cold;
  const served = await startDashboard(runs);
  const browser = await startChromium();
  try {
    const opened: (readonly [number, number])[] = [];
    for (let round = 0; round < 5; round++) opened.push(await openings(browser, served.address));
    const events = join(folder, 'events.ndjson');
    const overview = await updateCost(browser, `${served.address}#/overview`, events);
    const table = await updateCost(browser, `${served.address}#/results/student`, events);
    const start = performance.now();
    const report = await htmlReport(runs, runs.latest());
    const wrote = performance.now() - start;
    const ms = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} ms`;
    return [
      `## The dashboard with ${data.cells.length.toLocaleString('en')} cells`,
      '',
      `A made-up record of a sweep: ${running} students run, the others are done (60,000 events). Chromium without a window, on the machine of the server.`,
      '',
      '| what | takes |',
      '| --- | ---: |',
      `| the record is read the first time, by the server | ${ms(read)} |`,
      `| first paint (median of ${opened.length}) | ${ms(median(opened.map(([paint]) => paint)))} |`,
      `| the stages of the run are there (median of ${opened.length}) | ${ms(median(opened.map(([, stages]) => stages)))} |`,
      `| an update of ${running} running cells, processor time of the page, overview (mean of ${updates}) | ${ms(overview)} |`,
      `| the same beside the table of ${students.toLocaleString('en')} students and its charts | ${ms(table)} |`,
      `| the page as one file: ${(report.length / 1e6).toFixed(1)} MB | ${ms(wrote)} |`,
    ].join('\n');
  } finally {
    await browser.close();
    await served.close();
    rmSync(root, { recursive: true });
  }
}
