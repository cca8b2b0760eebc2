import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import axe from 'axe-core';
import { chromium, type Browser, type Page } from 'playwright-core';

/** Chromium as systems call it. */
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** A Chromium of this machine: `KDPIPE_CHROMIUM`, or the first on the path; undefined where there is none. */
export function findChromium(): string | undefined {
  const { KDPIPE_CHROMIUM: named, PATH = '' } = process.env;
  if (named) return named;
  return PATH.split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => existsSync(path));
}

/** Why tests of the page do not run here; undefined where they do. */
export const noChromium: string | undefined = findChromium()
  ? undefined
  : 'SKIPPED: there is no Chromium here for the tests of the dashboard (apt-get install chromium, or KDPIPE_CHROMIUM=path)';

/** Starts it. Root has no sandbox, and CI is root. */
export function startChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(noChromium);
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}

/** What a page said on its console, and threw. */
export function listen(page: Page): readonly string[] {
  const said: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) said.push(message.text());
  });
  page.on('pageerror', (error) => said.push(error.message));
  return said;
}

/** What axe-core calls serious or critical on a page, with where it stands. */
export async function seriousProblems(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}
