import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Archive, Snapshot } from '../../../src/dashboard/data/answers.ts';
import type { RunNews } from '../../../src/dashboard/data/run-data.ts';
import { startDashboard, type Dashboard } from '../../../src/dashboard/server/dashboard-server.ts';
import { htmlReport } from '../../../src/dashboard/server/html-report.ts';
import { Runs } from '../../../src/dashboard/server/runs.ts';
import { openProject } from '../../../src/project/project.ts';
import { cells, trial } from '../../cli/trial.ts';

const project = trial();
let dashboard: Dashboard;
let runs: Runs;
let run = '';

beforeAll(async () => {
  const { runsFolder, store } = openProject(project().folder);
  runs = new Runs(runsFolder, store);
  run = runs.list()[0]?.run ?? '';
  dashboard = await startDashboard(runs);
});
afterAll(() => dashboard.close());

/** Asks on a connection of its own: one that is kept may be closed while this process waits for a command. */
const ask = (
  address: string,
  options: { readonly method?: string; readonly host?: string } = {},
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { method = 'GET', host } = options;
    const asked = request(address, { agent: false, method, ...(host !== undefined && { headers: { host } }) }, resolve);
    asked.on('error', reject).end();
  });
async function get(path: string): Promise<Response> {
  const answer = await ask(`${dashboard.address}${path}`);
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece as Buffer);
  const headers = Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as [string, string]);
  return new Response(Buffer.concat(pieces), { status: answer.statusCode ?? 0, headers });
}
/** The status of an answer that nobody reads. */
async function statusOf(...question: Parameters<typeof ask>): Promise<number | undefined> {
  const answer = await ask(...question);
  answer.destroy();
  return answer.statusCode;
}
const json = async <T>(path: string): Promise<T> => (await get(path)).json() as Promise<T>;
const folderOf = (name: string): string => join(project().folder, 'runs', 'trial', name);

/** A copy of the run's record under another name. */
function copyRecord(name: string, events: (text: string) => string): string {
  mkdirSync(folderOf(name), { recursive: true });
  writeFileSync(join(folderOf(name), 'plan.json'), readFileSync(join(folderOf(run), 'plan.json')));
  writeFileSync(
    join(folderOf(name), 'events.ndjson'),
    events(readFileSync(join(folderOf(run), 'events.ndjson'), 'utf8')),
  );
  return name;
}

describe('the page', () => {
  it('is served with its scripts, and says what it needs where there is no JavaScript', async () => {
    const page = await get('');
    const text = await page.text();
    expect(text).toContain('<noscript>');
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    for (const [, name = ''] of text.matchAll(/(?:src|href)="([\w.]+)"/g)) expect((await get(name)).status).toBe(200);
  });

  it('is nobody else’s: not without the token, not by another name, not by another method', async () => {
    const origin = `http://127.0.0.1:${dashboard.port}/`;
    expect(await statusOf(origin)).toBe(403);
    expect(await statusOf(`${origin}api/run`)).toBe(403);
    expect(await statusOf(dashboard.address, { method: 'POST' })).toBe(405);
    expect(await statusOf(dashboard.address, { host: 'evil.example' })).toBe(403);
  });

  it.each(['../package.json', '..%2f..%2fpackage.json', 'api/constructor', 'page.ts', 'api/log/'])(
    'has nothing under %s',
    async (path) => {
      const asked = await new Promise<number | undefined>((resolve, reject) => {
        const { pathname } = new URL(dashboard.address);
        request({ agent: false, port: dashboard.port, host: '127.0.0.1', path: `${pathname}${path}` }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        })
          .on('error', reject)
          .end();
      });
      expect(asked).toBe(404);
    },
  );
});

describe('its questions', () => {
  it('are answered with the run as status tells it', async () => {
    const { data } = await json<Snapshot>('api/run');
    const status = JSON.parse(project().run('status', '--json').stdout) as {
      cells: readonly { cell: string; state: string }[];
    };
    expect(data.cells.map(({ id, progress }) => ({ cell: id, state: progress.state }))).toEqual(
      status.cells.map(({ cell, state }) => ({ cell, state })),
    );
    expect(data.cells[2]?.progress.metrics).toEqual({ accuracy: 0.1 });
    expect(data.state.ended?.status).toBe('done');
  });

  it('are answered with logs, from any byte on', async () => {
    const path = `api/log?run=${run}&cell=${encodeURIComponent(cells[0])}`;
    expect(await json(path)).toEqual({ text: 'making 1\n', from: 0, next: 9 });
    expect(await json(`${path}&from=7`)).toEqual({ text: '1\n', from: 7, next: 9 });
    expect(await json(`${path}&from=9`)).toEqual({ text: '', from: 9, next: 9 });
  });

  it('are answered with why not: no such run, no such cell, a damaged plan', async () => {
    const damaged = copyRecord('20200101T000000000Z-00000a', (text) => text);
    writeFileSync(join(folderOf(damaged), 'plan.json'), '{');
    for (const [path, status, code] of [
      ['api/run?run=../../etc', 404, 'no-run'],
      [`api/curves?run=${run}&cell=nobody`, 404, 'no-such-cell'],
      [`api/run?run=${damaged}`, 500, 'damaged-record'],
    ] as const) {
      const answer = await get(path);
      expect([answer.status, await answer.json()]).toMatchObject([status, { failures: [{ code }] }]);
    }
  });

  it('tell metrics of results that are older than the run', async () => {
    expect(project().run('run', 'trial.yaml', '--force', 'make').code).toBe(0);
    const { data } = await json<Snapshot>('api/run');
    expect(data.run).not.toBe(run);
    expect(data.cells[2]?.progress).toMatchObject({ state: 'reused', metrics: { accuracy: 0.1 } });
  });
});

describe('a run that is being written', () => {
  it('is told on as server-sent events, behind torn and damaged lines too', async () => {
    const name = copyRecord(
      '20200101T000000000Z-00000b',
      (text) => `${text.split('\n').slice(0, 2).join('\n')}\nnot json\n{"type":"sta`,
    );
    const { position, data } = await json<Snapshot>(`api/run?run=${name}`);
    expect(data.state.ended).toBeUndefined();
    const answer = await ask(`${dashboard.address}api/events?run=${name}&from=${position}`);
    expect(answer.headers['content-type']).toContain('text/event-stream');
    const text = { read: '' };
    answer.setEncoding('utf8').on('data', (piece: string) => (text.read += piece));
    const cell = cells[1];
    const event = { type: 'stage-warned', cell, message: 'größer', at: 1 };
    appendFileSync(join(folderOf(name), 'events.ndjson'), `torn\n${JSON.stringify(event)}\n`);
    await expect.poll(() => text.read).toContain('größer');
    answer.destroy();
    const told = [...text.read.matchAll(/^data: (.*)$/gm)].flatMap(
      ([, line = '']) => (JSON.parse(line) as RunNews).events,
    );
    expect(told).toEqual([event]);
    const after = await json<Snapshot>(`api/run?run=${name}`);
    expect(after.data.cells.find(({ id }) => id === cell)?.progress.warnings).toEqual(['größer']);
    expect(text.read).toContain(`id: ${after.position}\n`);
  });
});

describe('kdpipe dashboard and kdpipe report --format html', () => {
  it('says when a port is in use, and when a run is not there', () => {
    const taken = project().run('dashboard', '--port', String(dashboard.port));
    expect([taken.code, taken.stderr]).toMatchObject([2, expect.stringContaining('[port-in-use]')]);
    const unknown = project().run('dashboard', 'nobody');
    expect([unknown.code, unknown.stderr]).toMatchObject([2, expect.stringContaining('[no-run]')]);
    expect(project().run('dashboard', '--port', '70000').stderr).toContain('65535');
  });

  it('takes the next free port unless it is told one', async () => {
    const other = await startDashboard(runs);
    expect(other.port).not.toBe(dashboard.port);
    expect(await statusOf(other.address)).toBe(200);
    await other.close();
  });

  it('writes one file that holds all that the page shows', async () => {
    expect(project().run('report', '--format', 'html', run, '-o', 'out/page.html').code).toBe(0);
    const text = project().read('out/page.html');
    const [, held = ''] = /<script id="archive" type="application\/json">(.*?)<\/script>/s.exec(text) ?? [];
    const archive = JSON.parse(held) as Archive;
    expect(archive.snapshot.data).toEqual((await json<Snapshot>(`api/run?run=${run}`)).data);
    expect(archive.logs[cells[0]]?.text).toBe('making 1\n');
    expect(archive.leftOut).toEqual([]);
    expect(text).toContain("default-src 'none'");
    // Of the latest run of a pipeline file, and printed where it is not said where it goes.
    expect(project().run('report', '--format', 'html', 'trial.yaml').stdout).toContain('<!doctype html>');
    expect(project().run('report', '--format', 'html', 'trial.yaml', '--table', 'results').stdout).toContain('<table>');
    for (const [option, said] of [
      ['--top=3', '--top is for tables'],
      ['--check', '--check is for tables'],
    ] as const)
      expect(project().run('report', '--format', 'html', option)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(said),
      });
    expect(project().run('report', 'trial.yaml', '-o', 'x').stderr).toContain('--output is for the page');
    expect(project().run('report').stderr).toContain("missing required argument 'pipeline'");
  });

  it('lets no text of a user end its element', async () => {
    const name = copyRecord('20200101T000000000Z-00000c', (text) =>
      text.replace('"command":"kdpipe', '"command":"</script><script>alert(1)</script>kdpipe'),
    );
    const text = await htmlReport(runs, runs.feed(name));
    expect(text).not.toContain('<script>alert');
    expect(text.match(/<script/g)).toHaveLength(3);
    expect(readdirSync(folderOf(name))).toEqual(['events.ndjson', 'plan.json']);
  });
});
