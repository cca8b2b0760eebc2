import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FailureError, plan, preview, report, run, writeReport, type Event } from '../../src/api.ts';

let folder: string;
beforeEach(() => (folder = realpathSync(mkdtempSync(join(tmpdir(), 'kdpipe-library-')))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (path: string, text: string) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};
const read = (path: string) => readFileSync(join(folder, path), 'utf8');

/** Two cells and what they are made from, all in the folder: none of it is below the folder of this process. */
const pipeline = (shell = 'true') => `name: trial
params: { word: hello }
stages:
  one:
    uses: command
    matrix: { seed: [1, 2] }
    with:
      shell: '${shell}; cp "$KDPIPE_INPUT_TEXT" "$KDPIPE_OUT/copy"; pwd > "$KDPIPE_OUT/pwd"; echo "{ \\"x\\": 0.5 }" > "$KDPIPE_OUT/m.json"'
      inputs: { text: text.txt }
      outputs: { copy: copy, pwd: pwd }
      metrics: m.json
tables:
  results: { from: one, rows: [seed], columns: [x], into: README.md }
`;
const region = '<!-- kdpipe:results -->\n<!-- /kdpipe:results -->\n';

beforeEach(() => {
  write('trial.yaml', pipeline());
  write('text.txt', 'a text');
  write('README.md', region);
});

const planned = (overrides: readonly string[] = []) => plan('trial.yaml', { cwd: folder, overrides });

describe('run', () => {
  it('runs in another working folder: inputs, programs, results, records and tables are there', async () => {
    const events: Event[] = [];
    const {
      status,
      ran,
      run: name,
      entries,
      written,
    } = await run('trial.yaml', {
      cwd: folder,
      slots: 2,
      onEvent: (event) => events.push(event),
    });
    expect({ status, ran }).toEqual({ status: 'done', ran: 2 });
    const entry = entries.get('one[seed=1]');
    expect(readFileSync(join(entry?.path ?? '', 'copy'), 'utf8')).toBe('a text');
    expect(readFileSync(join(entry?.path ?? '', 'pwd'), 'utf8').trim()).toBe(folder);
    expect(entry?.path.startsWith(join(folder, 'runs/.store'))).toBe(true);
    expect(written).toEqual([{ what: 'table results', file: 'README.md', changed: true }]);
    expect(read('README.md')).toContain('0.5000');
    expect(existsSync(join(folder, 'runs/trial', name ?? '', 'report.md'))).toBe(true);
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['run-started', 'run-finished']));
    expect(events.at(0)).toMatchObject({ command: 'kdpipe run trial.yaml' });
  });

  it('takes a plan, and reuses what is there', async () => {
    await run(await planned());
    expect(await run(await planned())).toMatchObject({ status: 'done', ran: 0, reused: 2, run: null });
    expect(await run(await planned(), { force: ['one[seed=1]'] })).toMatchObject({ ran: 1, reused: 1 });
  });

  it('takes selectors', async () => {
    const { states } = await run(await planned(), { only: ['one[seed=2]'] });
    expect([...states]).toEqual([['one[seed=2]', 'finished']]);
    await expect(run(await planned(), { only: ['two'] })).rejects.toThrow(FailureError);
  });

  it('tells a failed stage as part of the result', async () => {
    write('trial.yaml', pipeline('exit 3'));
    const { status, failed, written } = await run(await planned(), { keepGoing: true });
    expect({ status, failed, written }).toEqual({ status: 'failed', failed: 2, written: [] });
  });

  it('ends when it is interrupted', async () => {
    write('trial.yaml', pipeline('sleep 60'));
    const stop = new AbortController();
    const onEvent = (event: Event) => {
      if (event.type === 'stage-started') stop.abort();
    };
    const { status } = await run(await planned(), { slots: 1, signal: stop.signal, onEvent });
    expect(status).toBe('interrupted');
  });

  it('does not start where a table could not be written', async () => {
    write('README.md', 'no markers');
    await expect(run(await planned())).rejects.toThrow(FailureError);
    expect(existsSync(join(folder, 'runs'))).toBe(false);
  });
});

describe('preview', () => {
  it('says what would be done with each cell, and writes nothing', async () => {
    const cells = await preview('trial.yaml', { cwd: folder });
    expect(cells.map(({ cell, resolution }) => [cell.id, resolution.status])).toEqual([
      ['one[seed=1]', 'run'],
      ['one[seed=2]', 'run'],
    ]);
    expect(existsSync(join(folder, 'runs'))).toBe(false);
  });

  it('sees the sources of the working folder', async () => {
    await run(await planned());
    write('text.txt', 'another text');
    const [first] = await preview(await planned(), { only: ['one[seed=1]'] });
    expect(first?.resolution).toMatchObject({ status: 'run', reasons: [expect.stringContaining('text')] });
  });
});

describe('report', () => {
  it('renders what is there and writes nothing; writeReport does', async () => {
    const pipelinePlan = await planned();
    await run(pipelinePlan);
    write('README.md', region);
    const rendered = await report(pipelinePlan);
    expect(rendered.tables[0]?.text).toContain('0.5000');
    expect(read('README.md')).toBe(region);
    expect(await writeReport(rendered, folder)).toMatchObject([{ file: 'README.md', changed: true }]);
    expect(read('README.md')).toContain('0.5000');
  });

  it('shows missing runs where nothing has run, in the format that is asked for', async () => {
    const { tables, plots } = await report('trial.yaml', { cwd: folder, format: 'csv' });
    expect(tables[0]?.text).toMatch(/^1,,,0,1,/m);
    expect(plots).toEqual([]);
  });
});
