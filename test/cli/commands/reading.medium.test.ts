import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { latestRun } from '../../../src/record/past-runs.ts';
import { identifyProcess } from '../../../src/util/process-identity.ts';
import { cells, stackTrace, trial } from '../trial.ts';

const project = trial();
const ask = (...words: readonly string[]) => project().run(...words);
const runName = () => latestRun(project().path('runs'), 'trial')?.split('/').at(-1) ?? '';

describe('a command that finds nothing of what it was asked for', () => {
  it.each([
    ['why', ['why', 'mkae'], /there is no stage "mkae"[^]*did you mean make\?/],
    ['logs', ['logs', 'mkae'], /there is no stage "mkae"[^]*did you mean make\?/],
    ['status', ['status', 'trail'], /there is no run or pipeline called trail here/],
    ['show', ['show', 'convnet44'], /nothing here is called convnet44[^]*did you mean convnet4/],
    ['check', ['check', 'trail.yaml'], /there is no file trail\.yaml[^]*did you mean trial\.yaml\?/],
    ['report', ['report', 'trail.yaml'], /there is no file trail\.yaml/],
    ['report --format', ['report', 'trial.yaml', '--format', 'cvs'], /Allowed choices are/],
  ])('%s: exit 2, on standard error, without a stack trace', (_, words, message) => {
    const { code, stdout, stderr } = ask(...words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(stackTrace);
  });
});

describe('kdpipe status', () => {
  it('counts the cells of each stage by where they stand, and names the metrics of those that finished', () => {
    const { code, stdout, stderr } = ask('status');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^trial {2}\S+ {2}done after /);
    expect(stdout).toMatch(/^make +2 +2 finished$/m);
    expect(stdout).toMatch(/^score\[of=make\[size=2\]\] .*accuracy 0\.2/m);
    expect(ask('status', 'trial').stdout).toBe(stdout);
    expect(ask('status', runName()).stdout).toBe(stdout);
  });

  it('as JSON gives every cell and the last event', () => {
    const status = JSON.parse(ask('status', '--json').stdout) as object;
    expect(status).toMatchObject({
      pipeline: 'trial',
      run: runName(),
      end: { type: 'run-finished', status: 'done' },
      cells: cells.map((cell) => ({ cell, stage: cell.replace(/\[.*/, ''), state: 'finished' })),
    });
  });

  it('reads a run that was killed: a torn last line, and cells that nothing happened to', () => {
    const file = join('runs/trial', runName(), 'events.ndjson');
    const whole = project().read(file);
    const lines = whole.split('\n');
    const last = lines.findIndex((line) => line.includes('"stage-finished"'));
    project().write(file, `${lines.slice(0, last + 1).join('\n')}\n{"type":"stage-fini`);
    try {
      const { stdout } = ask('status');
      expect(stdout).toMatch(/^trial {2}\S+ {2}ended without a word: killed or lost power\n/);
      expect(stdout).toMatch(/^score +2 +.*waiting/m);
      expect(JSON.parse(ask('status', '--json').stdout)).toMatchObject({ alive: false });
    } finally {
      project().write(file, whole);
    }
  });
});

describe('kdpipe status of a run without an end', () => {
  /** What it says of a record that was changed, cut before its end. */
  const statusOf = (change: (started: Record<string, unknown>) => object) => {
    const file = join('runs/trial', runName(), 'events.ndjson');
    const whole = project().read(file);
    const [first = '', ...rest] = whole.trimEnd().split('\n');
    const started = change(JSON.parse(first) as Record<string, unknown>);
    project().write(file, `${[JSON.stringify(started), ...rest.slice(0, -1)].join('\n')}\n`);
    try {
      const { code, stdout, stderr } = ask('status');
      return { code, said: stdout.split('\n')[0]?.replace(/^trial {2}\S+ {2}/, ''), stderr };
    } finally {
      project().write(file, whole);
    }
  };
  const self = identifyProcess();
  const by = (process: object) => statusOf((started) => ({ ...started, process: { ...self, ...process } })).said;

  it('names the runner where it lives', () => {
    expect(by({})).toBe(`running (pid ${process.pid} on ${hostname()})`);
  });

  it('knows one that is dead: gone, another process with its id, before the machine was booted', () => {
    for (const dead of [{ pid: 999_999_999 }, { start: '1' }, { boot: 'another' }])
      expect(by(dead)).toBe('ended without a word: killed or lost power');
  });

  it('says whom it cannot ask: on another host, in another container', () => {
    const said = `running, or killed (pid ${process.pid} on far, which this machine cannot ask)`;
    expect(by({ host: 'far', boot: 'another' })).toBe(said);
    expect(by({ namespace: 'pid:[1]' })).toContain('which this machine cannot ask');
  });

  it('reads records without a version, which name no runner', () => {
    const { code, said } = statusOf(({ format: _, process: __, ...started }) => started);
    expect({ code, said }).toEqual({ code: 0, said: 'running, or killed' });
  });

  it('refuses a record of a later version', () => {
    const { code, stderr } = statusOf((started) => ({ ...started, format: 99 }));
    expect(code).toBe(2);
    expect(stderr).toContain('later version of kdpipe, in format 99');
    expect(stderr).toContain('[newer-record]');
  });
});

describe('kdpipe logs', () => {
  it('prints a cell’s log as it is, and several under their names', () => {
    expect(ask('logs', cells[0])).toEqual({ code: 0, stdout: 'making 1\n', stderr: '' });
    expect(ask('logs', 'make').stdout).toBe(`==> ${cells[0]} <==\nmaking 1\n==> ${cells[1]} <==\nmaking 2\n`);
  });

  it('says on standard error that a stage wrote nothing, and how it ended', () => {
    const { code, stdout, stderr } = ask('logs', cells[2]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toBe(`${cells[2]} wrote nothing in run ${runName()} (finished)\n`);
  });

  it('takes the run of a pipeline or of a name, and ends by itself with -f when the stage has ended', () => {
    expect(ask('logs', cells[1], '--run', 'trial').stdout).toBe('making 2\n');
    expect(ask('logs', cells[1], '--run', runName(), '-f').stdout).toBe('making 2\n');
  });
});

describe('kdpipe why', () => {
  it('names the leaf that changed of every cell that it is asked for, and no others', () => {
    const { code, stdout } = ask('why', 'make', '-S', 'word=bye');
    expect(code).toBe(0);
    expect(stdout.match(/^make\[size=\d\]: would run\n {2}params\.shell .*hello.* → .*bye/gm)).toHaveLength(2);
    expect(stdout).not.toContain('score');
  });

  it('of a cell that is reused tells the run that made it, and for what reason', () => {
    expect(ask('why', cells[0], '-f', 'trial.yaml').stdout).toBe(
      `${cells[0]}: is reused, nothing changed\n  it ran in ${runName()}: first run\n`,
    );
  });
});

describe('kdpipe show', () => {
  it('shows the manifest of a cell, also as JSON', () => {
    const shown = JSON.parse(ask('show', cells[2], '--json').stdout) as Record<string, { readonly key: string }>;
    expect(shown[cells[2]]).toMatchObject({ cell: cells[2], kind: 'command', metrics: { accuracy: 0.1 } });
    const text = ask('show', cells[2]).stdout;
    expect(text).toContain('  metrics:\n    accuracy: 0.1\n');
    expect(text).toContain('  sources: none\n');
    expect(text).not.toMatch(/ $/m);
    const folders = readdirSync(project().path('runs/.store')).filter((name) => /^[0-9a-f]{2}$/.test(name));
    expect(folders).toContain(shown[cells[2]]?.key.slice(0, 2));
  });

  it('shows a run, all cells of a stage, and registered names', () => {
    expect(JSON.parse(ask('show', runName(), '--json').stdout)).toMatchObject({ run: runName(), cells: 4 });
    expect(Object.keys(JSON.parse(ask('show', 'make', '--json').stdout) as object)).toEqual(cells.slice(0, 2));
    expect(ask('show', 'command').stdout).toMatch(/^kind: command\n/);
    expect(ask('show', 'convnet4').stdout).toMatch(/^convnet4: /);
    expect(ask('show', 'SoftTarget').stdout).toMatch(/^method: SoftTarget\n/);
  });
});

describe('kdpipe list', () => {
  it.each([
    ['kinds', ['train-teacher', 'command']],
    ['models', ['convnet4', 'resnet8']],
    ['methods', ['SoftTarget', 'AT']],
    ['datasets', ['mnist-digits', 'image-folder']],
    ['engines', ['wasm', 'reference']],
    ['metrics', ['accuracy', 'agreement']],
  ])('%s names what a pipeline file may use, one a line', (registry, names) => {
    const { code, stdout } = ask('list', registry);
    expect(code).toBe(0);
    const listed = stdout.trimEnd().split('\n');
    for (const name of names) expect(listed.filter((line) => line.startsWith(`${name} `))).toHaveLength(1);
    const json = JSON.parse(ask('list', registry, '--json').stdout) as object;
    expect(Object.keys(json)).toEqual(listed.map((line) => line.split(' ')[0]));
  });

  it('engines says which one auto takes here, and why others cannot run', () => {
    const { stdout } = project().runWith({ KDPIPE_NATIVE: 'off', KDPIPE_THREADS: '3' }, 'list', 'engines');
    expect(stdout).toMatch(/^native +cannot run here: KDPIPE_NATIVE is off +kernels/m);
    expect(stdout).toMatch(/^wasm +what auto takes \((relaxed|plain), 3 threads, amp in float32\) +kernels/m);
    expect(stdout).toMatch(/^reference +runs here, only by name \(float64, 1 thread\) +plain/m);
    const states = JSON.parse(ask('list', 'engines', '--json').stdout) as Record<string, { readonly auto: boolean }>;
    expect(Object.values(states).filter(({ auto }) => auto)).toHaveLength(1);
  });
});

describe('kdpipe check', () => {
  it('counts what is in a file that is right, and finds every problem of those that are not', () => {
    expect(ask('check', 'trial.yaml')).toEqual({ code: 0, stdout: 'trial.yaml: ok, 2 stages, 4 cells\n', stderr: '' });
    project().write('bad.yaml', 'name: bad\nstages:\n  one: { uses: comand }\n  two: { uses: command, wiht: {} }\n');
    const { code, stdout, stderr } = ask('check', 'trial.yaml', 'bad.yaml');
    expect(code).toBe(2);
    expect(stdout).toBe('trial.yaml: ok, 2 stages, 4 cells\n');
    expect(stderr).toMatch(/bad\.yaml:3:.*comand[^]*command[^]*bad\.yaml:4:.*wiht[^]*with/);
  });

  it('looks for the places of tables too', () => {
    project().write('lost.yaml', project().read('trial.yaml').replace('into: README.md', 'into: README.md/LOST.md'));
    const { code, stderr } = ask('check', 'lost.yaml');
    expect(code).toBe(2);
    expect(stderr).toContain('README.md/LOST.md');
  });
});

describe('kdpipe report', () => {
  it('prints several tables in JSON as one document, and the one that is asked for', () => {
    const two = project()
      .read('trial.yaml')
      .replace('tables:', 'tables:\n  b: { from: score, rows: [size], columns: [accuracy] }');
    project().write('two.yaml', two);
    const json = (...flags: readonly string[]) =>
      JSON.parse(ask('report', 'two.yaml', '--format', 'json', ...flags).stdout) as unknown;
    expect(json()).toMatchObject([{ name: 'b' }, { name: 'results' }]);
    expect(json('--table', 'b')).toMatchObject({ name: 'b' });
    const before = project().read('README.md');
    const { stdout } = ask('report', 'two.yaml', '--table', 'results', '--sort', '-accuracy', '--top', '1');
    expect(stdout).toMatch(/\| 1 +\| +0\.1000/);
    expect(stdout).not.toMatch(/^\| 2 /m);
    expect(project().read('README.md')).toBe(before);
    expect(ask('report', 'two.yaml', '--table', 'reslts').stderr).toContain('did you mean results?');
  });

  it('prints a table in the asked format, and writes nothing then', () => {
    const before = project().read('README.md');
    const { code, stdout, stderr } = ask('report', 'trial.yaml', '--format', 'csv');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n').slice(1, 3)).toEqual(['1,0.1,,1,1,', '2,0.2,,1,1,']);
    expect(JSON.parse(ask('report', 'trial.yaml', '--format', 'json').stdout)).toBeTruthy();
    expect(project().read('README.md')).toBe(before);
  });

  it('--check is content with its own table, exits 3 on an edited one and shows the line, and report mends it', () => {
    const right = project().read('README.md');
    expect(ask('report', '--check', 'trial.yaml')).toMatchObject({ code: 0, stdout: '' });
    project().write('README.md', right.replace('0.1000', '0.9000'));
    const drift = ask('report', '--check', 'trial.yaml');
    expect(drift.code).toBe(3);
    expect(drift.stdout).toMatch(/^README\.md: table results differs from the results\n[^]*0\.9000[^]*0\.1000/);
    expect(project().read('README.md')).not.toBe(right);
    expect(ask('report', 'trial.yaml')).toMatchObject({ code: 0, stderr: 'table results written to README.md\n' });
    expect(project().read('README.md').split('\n').slice(3, 7)).toEqual(right.split('\n').slice(3, 7));
    expect(ask('report', 'trial.yaml').stderr).toBe('table results unchanged in README.md\n');
  });
});

describe('a command in a folder where nothing was run', () => {
  const empty = trial({ run: false });

  it.each([
    ['status', ['status']],
    ['logs', ['logs', 'make']],
    ['why', ['why', 'make']],
  ])('%s says so and how to run something: exit 2', (_, words) => {
    const { code, stderr } = empty().run(...words);
    expect(code).toBe(2);
    expect(stderr).toMatch(/nothing has been run here yet \[no-run\][^]*kdpipe run/);
  });

  it.each([
    ['verify', ['verify'], '0 results verified\n'],
    ['gc', ['gc'], 'would remove 0 items, 0 B; 0 B stay\n'],
  ])('%s finds nothing to do: exit 0', (_, words, stdout) => {
    expect(empty().run(...words)).toEqual({ code: 0, stdout, stderr: '' });
    expect(readFileSync(empty().path('README.md'), 'utf8')).toContain('# Trial');
  });
});
