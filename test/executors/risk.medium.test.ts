import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StageResult, TaskMessage } from '../../src/core/task.ts';
import type { Executor } from '../../src/executors/executor.ts';
import { createPool } from '../../src/executors/pool.ts';
import { kinds } from '../../src/stages/registry.ts';
import type { Risk } from '../../src/util/risk.ts';
import { keepVerdict, readVerdict } from '../../src/util/verdicts.ts';
import { startTask, Workbench } from '../support/tasks.ts';

let bench: Workbench;
let pool: Executor;
let risk: Risk;
let told: TaskMessage[];
beforeEach(() => {
  bench = new Workbench();
  pool = createPool({ slots: 4, gpus: [], store: bench.store, kinds });
  told = [];
  risk = { name: 'the native engine', without: { KDPIPE_NATIVE: 'off' }, verdict: bench.path('verdicts', 'one.json') };
  keepVerdict(risk.verdict, 'good', {});
});
afterEach(async () => {
  await pool.close();
  vi.unstubAllEnvs();
  bench.remove();
});

/** What workers do when they have got their nth task, as an engine inside of a stage might. */
function workersWill(program: string, nth = 1): void {
  const file = bench.write(
    'haunt.mjs',
    `let tasks = 0;
    const risk = ${JSON.stringify(risk)};
    const wide = process.env.KDPIPE_NATIVE !== 'off';
    const die = (signal) => process.kill(process.pid, signal);
    // What waits to be sent is lost with the process.
    const takeRiskAndDie = (signal) => process.send({ type: 'risk', risk }, () => die(signal));
    function listen(event) {
      if (event !== 'message') return;
      process.off('newListener', listen);
      process.on('message', ({ type }) => { if (type === 'task' && ++tasks === ${nth}) { ${program} } });
    }
    process.on('newListener', listen);`,
  );
  vi.stubEnv('NODE_OPTIONS', `--import=${pathToFileURL(file).href}`);
}

/** Runs a command that notes its worker and what the worker was told of the native engine, and then does what is told. */
function run(cell: string, cohort: readonly string[] = [], then = ''): Promise<StageResult> {
  const shell = `echo $PPID \${KDPIPE_NATIVE-any} >> '${bench.path(cell)}'\n${then}`;
  return startTask(pool, bench.command(cell, shell, { cohort }), (message) => told.push(message)).result;
}
const notes = (cell: string) => readFileSync(bench.path(cell), 'utf8').trim().split('\n');
const warnings = () => told.flatMap((message) => (message.type === 'warning' ? [message.message] : []));
const finished = { status: 'finished' };

describe('a worker that crashes while it uses something experimental', () => {
  it.each(['SIGTRAP', 'SIGILL', 'SIGSEGV'])('by %s: its task runs again without, with a warning', async (signal) => {
    workersWill(`if (wide) takeRiskAndDie('${signal}');`);
    expect(await run('a')).toMatchObject(finished);
    expect(notes('a').at(-1)).toMatch(/^\d+ off$/);
    expect(warnings()).toEqual([
      `the worker process that ran it was killed by ${signal} while it used the native engine; it runs again without, as with KDPIPE_NATIVE=off`,
    ]);
    expect(readVerdict(risk.verdict)).toBe('bad');
  });

  it('is no lesson lost: later tasks have workers without, and run once', async () => {
    workersWill(`if (wide) takeRiskAndDie('SIGTRAP');`, 2);
    expect(await run('a')).toMatchObject(finished);
    expect(await run('b')).toMatchObject(finished);
    expect(await run('c')).toMatchObject(finished);
    expect(notes('a')).toEqual([expect.stringMatching(/any$/)]);
    expect(notes('b').at(-1)).toMatch(/off$/);
    expect(notes('c')).toEqual([notes('b').at(-1)]);
    expect(warnings()).toHaveLength(1);
  });

  it('fails its task when the next one crashes too: it was something else', async () => {
    workersWill(`takeRiskAndDie('SIGTRAP');`);
    expect(await run('a')).toMatchObject({
      status: 'failed',
      failure: {
        code: 'worker-died',
        message: 'the worker process that ran it was killed by SIGTRAP',
        fix: expect.stringContaining(`another version of Node than ${process.versions.node}`),
      },
    });
    expect(warnings()).toHaveLength(1);
    expect(readVerdict(risk.verdict)).toBe('good');
  });

  it('is missed by no member of its cohort: those that died go on together, without those that had ended', async () => {
    workersWill(`if (wide) takeRiskAndDie('SIGTRAP');`, 3);
    const cohort = ['a', 'b', 'c'];
    expect(await run('c', cohort)).toMatchObject(finished);
    // It is still running when the other one comes.
    const a = run('a', cohort, `[ "$KDPIPE_NATIVE" = off ] || sleep 300`);
    expect(await Promise.all([a, run('b', cohort)])).toMatchObject([finished, finished]);
    expect(notes('a').at(-1)).toMatch(/off$/);
    expect(notes('b').at(-1)).toBe(notes('a').at(-1));
    expect(warnings()).toHaveLength(2);
  });

  it('is replaced also where no verdict can be kept', async () => {
    risk = { ...risk, verdict: null };
    workersWill(`if (wide) takeRiskAndDie('SIGTRAP');`);
    expect(await run('a')).toMatchObject(finished);
  });
});

describe('a worker that dies otherwise', () => {
  it.each([
    ['crashes without such a risk', `die('SIGTRAP');`, 'killed by SIGTRAP', 'KDPIPE_NATIVE=off'],
    ['is killed', `takeRiskAndDie('SIGKILL');`, 'killed by SIGKILL', 'out of memory'],
  ])('%s: its task has failed, and is told what to try', async (_, program, message, fix) => {
    workersWill(program);
    expect(await run('a')).toMatchObject({
      status: 'failed',
      failure: { message: expect.stringContaining(message), fix: expect.stringContaining(fix) },
    });
    expect(warnings()).toEqual([]);
    expect(readVerdict(risk.verdict)).toBe('good');
  });
});
