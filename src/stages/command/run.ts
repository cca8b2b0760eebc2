import { closeSync, openSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fail, type Failure } from '../../core/failure.ts';
import { isJsonObject, type Json } from '../../core/json.ts';
import { lastLines } from '../../util/last-lines.ts';
import { inputOf, StageInterrupted, type StageContext, type StageOutcome } from '../stage-kind.ts';
import { readMetrics } from './metrics/read-metrics.ts';
import { runProgram, type Program, type ProgramEnd } from './program.ts';
import { textsOf, type PathOf } from './texts.ts';
import { inputVariable, withVariables } from './variables.ts';
import { stageTags } from '../../core/task.ts';

/** Reading `process.env` asks the C library for every variable: once a process is enough. */
const inherited = { ...process.env };

/**
 * Runs the program of a command stage, then reads its metrics.
 *
 * @param context - the running stage; its parameters are those of `kind.ts`
 * @returns the metrics, empty where the stage names no file of them
 * @throws FailureError when the program cannot be started, fails, or writes no valid metrics
 * @throws StageInterrupted when it was stopped
 */
export async function run(context: StageContext): Promise<StageOutcome> {
  stopIfAborted(context.signal);
  const end = await execute(context);
  stopIfAborted(context.signal);
  if (end.code !== 0) fail({ ...endFailure(end), ...readOnlyAdvice(context) });
  const { metrics } = context.params;
  return { metrics: typeof metrics === 'string' ? await readMetrics(join(context.out, metrics), metrics) : {} };
}

function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new StageInterrupted();
}

async function execute(context: StageContext): Promise<ProgramEnd> {
  const log = openSync(context.log, 'a');
  try {
    const program = programOf(context, log);
    const onGroup = (leader: number) => context.tell({ type: 'group', leader });
    const end = await runProgram(program, context.signal, onGroup).catch((error: unknown) =>
      startFailure(program, error),
    );
    if (end.strays.length && !context.signal.aborted) context.tell({ type: 'warning', message: straysText(end) });
    return end;
  } finally {
    closeSync(log);
  }
}

function programOf(context: StageContext, log: number): Program {
  const { params } = context;
  const pathOf: PathOf = (name) => inputOf(context, name).path;
  const env = environment(context, pathOf);
  const [file = '', ...rest] =
    params['shell'] === undefined
      ? textsOf(params['run'] ?? [], pathOf).map((text) => withVariables(text, env))
      : ['/bin/sh', '-c', ...textsOf(params['shell'], pathOf)];
  const cwd = resolve(...textsOf(params['cwd'] ?? '.', pathOf));
  return { file, arguments: rest, cwd, env, log, tags: stageTags(context) };
}

/** Says what the command had left behind, and what was done about it. */
function straysText({ strays }: ProgramEnd): string {
  const named = strays.map(({ name, pid }) => `${name} (pid ${pid})`).join(', ');
  return `the command had ended, and left ${named} in another session, which could have gone on writing its result: ended too`;
}

function environment(context: StageContext, pathOf: PathOf): NodeJS.ProcessEnv {
  const { params, cell, out, run, gpus } = context;
  const env: NodeJS.ProcessEnv = { ...inherited };
  for (const [name, value] of entriesOf(params['env'])) env[name] = textsOf(value, pathOf).join('');
  for (const [name, value] of entriesOf(params['inputs'])) {
    // What is declared as a path is relative to where kdpipe was called, wherever the program runs.
    const paths = typeof value === 'string' ? [resolve(value)] : textsOf(value, pathOf);
    env[inputVariable(name)] = paths.join('\n');
  }
  env['KDPIPE_STAGE'] = cell;
  env['KDPIPE_OUT'] = out;
  env['KDPIPE_RUN'] = run;
  env['KDPIPE_SEED'] = textsOf(params['seed'] ?? 0, pathOf).join('');
  if (gpus.length) env['CUDA_VISIBLE_DEVICES'] = gpus.join(',');
  return env;
}

const entriesOf = (value: Json | undefined): readonly [string, Json][] =>
  isJsonObject(value) ? Object.entries(value) : [];

function endFailure({ code, signal }: ProgramEnd): Failure {
  if (code !== null)
    return { code: 'command-failed', message: `the command exited with code ${code}`, expected: 'exit code 0' };
  return {
    code: 'command-killed',
    message: `the command was killed by ${signal ?? 'a signal'}`,
    ...(signal === 'SIGKILL' ? { fix: 'if nobody killed it, the machine was probably out of memory' } : {}),
  };
}

/** A program that may have wanted to write into the result of another stage, or into a copy with the rights of that. */
function readOnlyAdvice({ inputs, log }: StageContext): Pick<Failure, 'fix'> {
  if (!inputs.length || !lastLines(log).some((line) => /permission denied|EACCES/i.test(line))) return {};
  return {
    fix: 'results of other stages are read-only: write to $KDPIPE_OUT, and copy there what is to be changed (cp --no-preserve=mode)',
  };
}

/** The system says ENOENT for a missing program and for a missing folder alike. */
function startFailure({ file, cwd }: Program, error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory())
    return fail({
      code: 'no-such-folder',
      message: `cwd is ${cwd}, which is no folder`,
      fix: 'create it, or mend cwd',
    });
  if (code === 'ENOENT')
    return fail({
      code: 'command-not-found',
      message: `the program ${JSON.stringify(file)} was not found`,
      expected: 'a program on PATH, or a path to one',
      fix: 'install it, or write its path; a line with pipes or && goes into shell instead of run',
    });
  if (code === 'EACCES')
    return fail({
      code: 'not-executable',
      message: `${JSON.stringify(file)} may not be executed`,
      fix: `chmod +x ${file}`,
    });
  return fail({ code: 'command-not-started', message: `the command could not be started: ${message}` });
}
