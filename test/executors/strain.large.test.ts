import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StageResult, TaskMessage } from '../../src/core/task.ts';
import type { Executor } from '../../src/executors/executor.ts';
import { createPool } from '../../src/executors/pool.ts';
import { kinds } from '../../src/stages/registry.ts';
import { mapConcurrently } from '../../src/util/async-pool.ts';
import { Mailbox } from '../support/mailbox.ts';
import { lives, startTask, Workbench } from '../support/tasks.ts';

let bench: Workbench;
let pool: Executor;
let mailbox: Mailbox;
const options = process.env['NODE_OPTIONS'];
beforeEach(async () => {
  bench = new Workbench();
  pool = createPool({ slots: 4, gpus: [], store: bench.store, kinds });
  mailbox = await Mailbox.open();
});
afterEach(async () => {
  await pool.close();
  await mailbox.close();
  bench.remove();
  if (options === undefined) delete process.env['NODE_OPTIONS'];
  else process.env['NODE_OPTIONS'] = options;
});

type Params = Parameters<Workbench['command']>[2];
const start = (cell: string, shell: string, more?: Params) => startTask(pool, bench.command(cell, shell, more));
const pidIn = (name: string) => Number(readFileSync(bench.path(name), 'utf8'));
const logOf = (cell: string) => join(bench.folder, 'stages', cell, 'log.txt');
/** A line of shell that notes the worker. */
const noted = (name: string) => `echo $PPID > ${bench.path(name)}`;

/**
 * Makes workers do something of their own with every task, as an engine inside of a stage might. They listen no sooner
 * than the worker itself does: Node keeps messages only until somebody listens.
 */
function haunt(program: string): void {
  const file = bench.write(
    'haunt.mjs',
    `function listen(event) {
      if (event !== 'message') return;
      process.off('newListener', listen);
      process.on('message', () => { ${program} });
    }
    process.on('newListener', listen);`,
  );
  process.env['NODE_OPTIONS'] = `--import=${pathToFileURL(file).href}`;
}

describe('a stage that says a lot', () => {
  it('fills its log to the last byte, and its result is not held up', async () => {
    const size = 20_000_000;
    expect(await start('a', `head -c ${size} /dev/zero | tr '\\0' 'x'`).result).toMatchObject({ status: 'finished' });
    expect(statSync(logOf('a')).size).toBe(size);
  });

  it('fails with its last twenty lines, however many there are', async () => {
    const failed = await start('a', 'i=0; while [ $i -lt 5000 ]; do i=$((i+1)); echo "line $i"; done; exit 3').result;
    expect(failed).toMatchObject({ status: 'failed', failure: { message: 'the command exited with code 3' } });
    expect('tail' in failed && failed.tail).toEqual(Array.from({ length: 20 }, (_, at) => `line ${4981 + at}`));
  });

  it('fails with what can be read of bytes that are no text', async () => {
    const failed = await start('a', "printf '\\377\\376\\000\\n'; echo sadly; exit 1").result;
    expect('tail' in failed && failed.tail.at(-1)).toBe('sadly');
  });

  it('has no line to the runner that is not its own: the channel of its worker is out of reach', async () => {
    const child = `${process.execPath} -e 'console.log(typeof process.send, process.env.NODE_CHANNEL_FD ?? "none")'`;
    expect(await start('a', child).result).toMatchObject({ status: 'finished' });
    expect(readFileSync(logOf('a'), 'utf8')).toBe('undefined none\n');
  });
});

describe('a worker that says a lot itself', () => {
  it('is drained, whatever the stage prints on standard output and standard error', async () => {
    haunt(
      `for (let i = 0; i < 200; i++) { process.stdout.write('o'.repeat(50_000)); process.stderr.write('e'.repeat(50_000)); }`,
    );
    const results = await mapConcurrently(['a', 'b', 'c'], 1, (cell) => start(cell, noted(cell)).result);
    expect(results.map(({ status }) => status)).toEqual(['finished', 'finished', 'finished']);
    expect(new Set(['a', 'b', 'c'].map(pidIn)).size).toBe(1);
  });

  it('that dies is told with its exit code and the last that it said, after the log of the stage', async () => {
    haunt(
      `setTimeout(() => { console.error('first\\nwords of the engine'); process.exitCode = 3; process.exit(); }, 0);`,
    );
    const died = await start('a', `exec ${mailbox.sayAndWait('up')}`).result;
    expect(died).toMatchObject({
      status: 'failed',
      failure: { code: 'worker-died', message: 'the worker process that ran it exited with code 3' },
    });
    expect('tail' in died && died.tail.slice(-2)).toEqual(['first', 'words of the engine']);
  });

  it('that throws what nobody catches is told with the exception', async () => {
    haunt(`setTimeout(() => { throw new Error('kernel panic'); }, 0);`);
    const died = await start('a', `exec ${mailbox.sayAndWait('up')}`).result;
    expect(died).toMatchObject({ status: 'failed', failure: { code: 'worker-died' } });
    expect('tail' in died && died.tail.join('\n')).toContain('Error: kernel panic');
  });

  it('may send what is none of our messages: it is passed over', async () => {
    haunt(`process.send({ type: 'result', cell: 'nobody', result: {} }); process.send({ hello: 1 });`);
    expect(await start('a', 'true').result).toMatchObject({ status: 'finished' });
  });
});

describe('a message of many megabytes', () => {
  it('reaches the worker, and its answer the runner, whole', async () => {
    const count = 60_000;
    const program = `const all = {}; for (let i = 0; i < ${count}; i++) all['metric ' + i] = i / 7;
      require('fs').writeFileSync(process.env.KDPIPE_OUT + '/m.json', JSON.stringify(all));`;
    const task = bench.task('a', {
      kind: 'command',
      params: {
        run: [process.execPath, '-e', program],
        metrics: 'm.json',
        outputs: { out: '.' },
        note: 'ü'.repeat(3e6),
      },
    });
    const result = await startTask(pool, task).result;
    expect(result).toMatchObject({ status: 'finished' });
    const metrics = 'metrics' in result ? result.metrics : {};
    expect(Object.keys(metrics)).toHaveLength(count);
    expect(metrics[`metric ${count - 1}`]).toBe((count - 1) / 7);
    expect(bench.store.find(task.key)?.manifest().params['note']).toBe('ü'.repeat(3e6));
  });
});

describe('many tasks', () => {
  it('share as few workers as there are tasks at once, and each gets its own answer', async () => {
    const cells = Array.from({ length: 24 }, (_, at) => `cell ${at}`);
    const results = await mapConcurrently(cells, 3, (cell) => {
      const shell = `echo $PPID > "${bench.path(cell)}"; echo "{ \\"at\\": ${cell.slice(5)} }" > "$KDPIPE_OUT/m.json"`;
      return start(cell, shell, { params: { metrics: 'm.json' } }).result;
    });
    const numbers = results.map((result: StageResult) => ('metrics' in result ? result.metrics['at'] : undefined));
    expect(numbers).toEqual(cells.map((_, at) => at));
    expect(new Set(cells.map(pidIn)).size).toBeLessThanOrEqual(3);
  });

  it('of which one in three kills its worker: the others finish, and nobody waits for the dead', async () => {
    const cells = Array.from({ length: 12 }, (_, at) => `cell-${at}`);
    const isKiller = (at: number) => at % 3 === 1;
    const results = await mapConcurrently(
      cells,
      2,
      (cell) => start(cell, isKiller(cells.indexOf(cell)) ? 'kill -9 $PPID; sleep 1000' : 'true').result,
    );
    expect(results.map(({ status }) => status)).toEqual(cells.map((_, at) => (isKiller(at) ? 'failed' : 'finished')));
  });
});

describe('a pool that is closed', () => {
  it('while a task runs lets the task save what it has, and leaves neither worker nor program', async () => {
    const saved = bench.path('saved');
    bench.write(
      'save.sh',
      `trap 'echo saved > ${saved}; exit 0' TERM; ${mailbox.say('up')}; while :; do sleep 0.01; done`,
    );
    const task = start('a', `${noted('worker')}; echo $$ > ${bench.path('program')}; exec sh ${bench.path('save.sh')}`);
    await mailbox.heard('up');
    await pool.close();
    expect(readFileSync(saved, 'utf8')).toBe('saved\n');
    expect([lives(pidIn('worker')), lives(pidIn('program'))]).toEqual([false, false]);
    expect((await task.result).status).not.toBe('finished');
    expect(bench.store.find(bench.command('a', 'x').key)).toBeUndefined();
  });

  it('before the worker of a task has started ends that task too', async () => {
    const task = start('a', `touch ${bench.path('ran')}; ${mailbox.sayAndWait('up')}`);
    await pool.close();
    expect((await task.result).status).not.toBe('finished');
  });

  it('before its first task has nothing to close, and may be closed twice', async () => {
    await pool.close();
    await pool.close();
  });

  it('while a result is written waits until it is in the store', async () => {
    const task = bench.command('big', 'head -c 100000000 /dev/zero > "$KDPIPE_OUT/big"');
    await new Promise<void>((resolve) => {
      startTask(pool, task, ({ type }: TaskMessage) => type === 'committing' && resolve());
    });
    await pool.close();
    expect(bench.store.find(task.key)).toBeDefined();
  });
});

describe('a task that is called off', () => {
  it('by kill ends as interrupted, with all that it started, also what ran in the background', async () => {
    const task = start('a', `sleep 1000 & echo $! > ${bench.path('child')}; ${mailbox.sayAndWait('up')}`);
    await mailbox.heard('up');
    task.kill();
    expect(await task.result).toEqual({ status: 'interrupted' });
    await expect.poll(() => lives(pidIn('child'))).toBe(false);
  });

  it('before it has a worker never runs, by kill as by interrupt', async () => {
    const task = start('a', `touch ${bench.path('ran')}`);
    task.kill();
    expect(await task.result).toEqual({ status: 'interrupted' });
    expect(existsSync(bench.path('ran'))).toBe(false);
  });

  it('after its end changes nothing: the worker goes on with others', async () => {
    const first = start('a', noted('a'));
    await first.result;
    first.interrupt();
    first.kill();
    expect(await start('b', noted('b')).result).toMatchObject({ status: 'finished' });
    expect(pidIn('b')).toBe(pidIn('a'));
  });
});
