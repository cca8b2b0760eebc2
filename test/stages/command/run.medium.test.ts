import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/core/json.ts';
import type { TaskInput, TaskMessage } from '../../../src/core/task.ts';
import { run } from '../../../src/stages/command/run.ts';
import { StageInterrupted, type StageContext } from '../../../src/stages/stage-kind.ts';
import { Mailbox } from '../../support/mailbox.ts';
import { alone } from '../../support/alone.ts';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'kdpipe-command-')));
  mkdirSync(join(folder, 'out'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const told: TaskMessage[] = [];
const defaults = { inputs: {}, outputs: { out: '.' }, env: {}, cwd: '.', seed: 0 };
const context = (params: JsonObject, overrides: Partial<StageContext> = {}): StageContext => ({
  ...{
    cell: 'stage[x=1]',
    params: { ...defaults, ...params },
    inputs: [],
    sources: [],
    run: 'run-7',
    threads: 1,
    gpus: [],
  },
  ...{ out: join(folder, 'out'), scratch: join(folder, 'scratch'), log: join(folder, 'log.txt') },
  ...{ signal: new AbortController().signal, cohort: alone(), tell: (message) => told.push(message) },
  ...overrides,
});
const input = (name: string, path: string): TaskInput => ({
  ...{ name, path, cell: 'teacher', key: 'k', output: 'weights', digest: 'd' },
});
const written = (name: string) => readFileSync(join(folder, 'out', name), 'utf8');
const log = () => readFileSync(join(folder, 'log.txt'), 'utf8');

describe('the environment of a command', () => {
  it('names the stage, its folder, its seed and its run', async () => {
    const shell = 'printf "%s|" "$KDPIPE_STAGE" "$KDPIPE_OUT" "$KDPIPE_SEED" "$KDPIPE_RUN" > "$KDPIPE_OUT/env"';
    await run(context({ shell, seed: 42 }));
    expect(written('env')).toBe(`stage[x=1]|${join(folder, 'out')}|42|run-7|`);
  });

  it('holds the path of each input: of a file from where kdpipe was called, of several one a line', async () => {
    const inputs = {
      words: 'package.json',
      teacher: { $input: 'inputs.teacher' },
      all: [{ $input: 'a' }, { $input: 'b' }],
    };
    await run(
      context(
        {
          inputs,
          shell: 'printf "%s|" "$KDPIPE_INPUT_WORDS" "$KDPIPE_INPUT_TEACHER" "$KDPIPE_INPUT_ALL" > "$KDPIPE_OUT/env"',
          cwd: folder,
        },
        { inputs: [input('inputs.teacher', '/s/t'), input('a', '/s/a'), input('b', '/s/b')] },
      ),
    );
    expect(written('env')).toBe(`${resolve('package.json')}|/s/t|/s/a\n/s/b|`);
  });

  it('takes further variables, with references, over those of the runner', async () => {
    const env = { HOME: '/elsewhere', RATE: 0.5, FAST: true, MODEL: { $text: ['file:', { $input: 'env.MODEL.1' }] } };
    const shell = 'printf "%s|" "$HOME" "$RATE" "$FAST" "$MODEL" > "$KDPIPE_OUT/env"';
    await run(context({ env, shell }, { inputs: [input('env.MODEL.1', '/s/m')] }));
    expect(written('env')).toBe('/elsewhere|0.5|true|file:/s/m|');
  });

  it('shows the GPUs that the stage was given', async () => {
    await run(context({ shell: 'echo "$CUDA_VISIBLE_DEVICES" > "$KDPIPE_OUT/env"' }, { gpus: ['1', '3'] }));
    expect(written('env')).toBe('1,3\n');
  });
});

describe('the program of a command', () => {
  it('gets its arguments as they are, references as paths, lists flattened', async () => {
    const list = [
      'printf',
      '%s|',
      'a b',
      { $input: 'run.3' },
      [{ $input: 'x' }, ['*']],
      { $text: ['--w=', { $input: 'x' }] },
      3,
    ];
    await run(context({ run: list }, { inputs: [input('run.3', '/s/3'), input('x', '/s/x')] }));
    expect(log()).toBe('a b|/s/3|/s/x|*|--w=/s/x|3|');
  });

  it('gets the variables of kdpipe where an argument names them, and no others', async () => {
    const list = [
      'printf',
      '%s|',
      '--out=$(KDPIPE_OUT)/a',
      '$(KDPIPE_SEED)$(KDPIPE_STAGE)',
      '$(HOME)',
      '$(KDPIPE_NONE)',
    ];
    await run(context({ run: list, seed: 7 }));
    expect(log()).toBe(`--out=${join(folder, 'out')}/a|7stage[x=1]|$(HOME)|$(KDPIPE_NONE)|`);
  });

  it('runs in its folder and appends to the log', async () => {
    writeFileSync(join(folder, 'log.txt'), 'earlier attempt\n');
    await run(context({ run: ['pwd'], cwd: folder }));
    expect(log()).toBe(`earlier attempt\n${folder}\n`);
  });

  it('tells its process group, so that who kills the worker can kill it', async () => {
    told.length = 0;
    await run(context({ shell: 'echo $$ > "$KDPIPE_OUT/pid"' }));
    expect(told).toEqual([{ type: 'group', leader: Number(written('pid')) }]);
  });

  it('has the metrics that it wrote', async () => {
    const shell = `echo '{"test":{"accuracy":0.5}}' > "$KDPIPE_OUT/m.json"`;
    expect(await run(context({ shell, metrics: 'm.json' }))).toEqual({ metrics: { test: { accuracy: 0.5 } } });
    expect(await run(context({ shell }))).toEqual({ metrics: {} });
  });
});

describe('a command that goes wrong', () => {
  const failureOf = async (params: JsonObject) => {
    const error: unknown = await run(context(params)).catch((thrown: unknown) => thrown);
    return (error as { failures: readonly unknown[] }).failures[0];
  };

  it('fails with its exit code, or the signal that killed it', async () => {
    expect(await failureOf({ shell: 'exit 3' })).toMatchObject({
      code: 'command-failed',
      message: 'the command exited with code 3',
    });
    expect(await failureOf({ shell: 'kill -9 $$' })).toMatchObject({
      code: 'command-killed',
      fix: expect.stringContaining('memory'),
    });
    expect(await failureOf({ shell: 'kill -15 $$' })).toEqual({
      code: 'command-killed',
      message: 'the command was killed by SIGTERM',
    });
  });

  it('fails when the program is not there, may not be executed, or its folder is none', async () => {
    expect(await failureOf({ run: ['no-such-program-anywhere'] })).toMatchObject({ code: 'command-not-found' });
    writeFileSync(join(folder, 'script'), 'true');
    chmodSync(join(folder, 'script'), 0o644);
    expect(await failureOf({ run: [join(folder, 'script')] })).toMatchObject({ code: 'not-executable' });
    expect(await failureOf({ run: ['true'], cwd: join(folder, 'none') })).toMatchObject({ code: 'no-such-folder' });
  });

  it('says that results of other stages are read-only where it was refused to write, not where it has none', async () => {
    const shell = 'echo "sh: cannot create x: Permission denied"; exit 2';
    const params = { shell, inputs: { x: { $input: 'inputs.x' } } };
    const refused = run(context(params, { inputs: [input('inputs.x', '/s/x')] }));
    await expect(refused).rejects.toMatchObject({
      failures: [{ code: 'command-failed', fix: expect.stringContaining('read-only') }],
    });
    expect(await failureOf({ shell })).not.toHaveProperty('fix');
  });

  it('fails when its metrics are missing', async () => {
    expect(await failureOf({ shell: 'true', metrics: 'm.json' })).toMatchObject({ code: 'metrics-missing' });
  });

  it('is interrupted, not failed, when it is stopped', async () => {
    const mailbox = await Mailbox.open();
    const stop = new AbortController();
    const ended = run(context({ shell: mailbox.sayAndWait('up') }, { signal: stop.signal }));
    await mailbox.heard('up');
    stop.abort();
    await expect(ended).rejects.toBeInstanceOf(StageInterrupted);
    await expect(run(context({ shell: 'echo started' }, { signal: stop.signal }))).rejects.toBeInstanceOf(
      StageInterrupted,
    );
    expect(log()).toBe('');
    await mailbox.close();
  });
});
