import { readdirSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fail, FailureError, type Failure } from '../core/failure.ts';
import type { Plan } from '../core/plan.ts';
import { failed, success, unwrap, type Result } from '../core/result.ts';
import { ownValue } from '../core/own.ts';
import type { Environment } from '../pipeline/expand/names.ts';
import { planPipeline } from '../pipeline/plan.ts';
import { pluginsIn } from '../pipeline/plugins.ts';
import { LARGEST, tooLarge } from '../pipeline/read/readable.ts';
import { withOverrides } from '../pipeline/verdict.ts';
import { reportProblems } from '../report/report.ts';
import { nameAdvice } from '../util/text.ts';
import { registerPlugins, registered as builtIn, type Registered } from './plugins.ts';
import { openProject, type Project } from './project.ts';
import { undeclaredFiles } from './undeclared-files.ts';

/** A pipeline: path of its file, or its text with the path that it would have. A path is relative to the working folder. */
export type PipelineSource = string | { readonly file: string; readonly text: string };

/** What a plan is made of beside the pipeline's text. */
export interface SourceOptions {
  /** `name=value` as `kdpipe run -S` takes them: `seeds=1`, `student.with.epochs=2`, `kd_ratio=0.1,0.3`. */
  readonly overrides?: readonly string[];
  /** What `${env.NAME}` reads; by default the environment of this process. The programs of stages always get the latter. */
  readonly environment?: Environment;
  /** The working folder: `runs/` and the paths in the pipeline are in it. By default the current one. */
  readonly cwd?: string;
  /** True to run plugins of a pipeline from elsewhere, from now on; those of the project's own are. */
  readonly trust?: boolean;
}

/** A plan, what it was made of, and the working folder that it is for. */
export interface PlannedPipeline {
  /** Without the tables and plots of which notes or faults tell. */
  readonly plan: Plan;
  /** What is odd, and allowed: what overrides alone leave without effect, files that commands name and do not declare. */
  readonly notes: readonly Failure[];
  /** What is wrong with tables and plots: the cells can be looked at, and nothing runs. */
  readonly faults: readonly Failure[];
  readonly project: Project;
  /** Absolute path of the pipeline file. */
  readonly file: string;
  /** Absolute path of its folder: templates and published numbers are relative to it. */
  readonly pipelineFolder: string;
  readonly text: string;
  readonly overrides: readonly string[];
  /** The variables that the plan asked for; one that was not set is undefined. */
  readonly environment: Environment;
  /** What it may name, plugins included. */
  readonly registered: Registered;
}

/** Reports a file that cannot be read, and names those that a mistyped path may have meant. */
function failUnreadable(file: string, root: string, error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof FailureError || code === undefined) throw error;
  const folder = dirname(file);
  let there: readonly string[] = [];
  try {
    there = readdirSync(resolve(root, folder))
      .filter((name) => /\.ya?ml$/.test(name))
      .map((name) => join(folder, name));
  } catch {
    // The folder is missing too: there is nothing to suggest.
  }
  const advice = nameAdvice(file, there);
  return fail({
    code: 'unreadable-pipeline',
    message: code === 'ENOENT' ? `there is no file ${file}` : `${file} cannot be read: ${message}`,
    expected: 'a pipeline in YAML',
    ...(advice === undefined ? {} : { fix: advice }),
  });
}

async function readSource(file: string, root: string): Promise<string> {
  try {
    const path = resolve(root, file);
    // A device has no size, and is no pipeline; of a large file nothing is read.
    const { size } = await stat(path);
    if (size > LARGEST) return fail(tooLarge(file, size));
    return await readFile(path, 'utf8');
  } catch (error) {
    return failUnreadable(file, root, error);
  }
}

/** An environment that notes in `used` what is read of it. */
function watchEnvironment(environment: Environment, used: Record<string, string | undefined>): Environment {
  return new Proxy(environment, {
    getOwnPropertyDescriptor: (variables, name) => {
      if (typeof name === 'string') used[name] = ownValue(variables, name);
      return Reflect.getOwnPropertyDescriptor(variables, name);
    },
  });
}

/**
 * Plans a pipeline: its cells in topological order, its tables and plots. Writes nothing.
 *
 * @param source - the pipeline
 * @param options - overrides, environment, working folder
 * @returns the plan, for `run`, `preview` and `report`; what is wrong with tables and plots alone is among its `faults`
 * @throws FailureError with every problem of the file
 */
export async function plan(source: PipelineSource, options: SourceOptions = {}): Promise<PlannedPipeline> {
  const { overrides = [], environment = process.env, cwd, trust = false } = options;
  const project = openProject(cwd);
  const file = typeof source === 'string' ? source : source.file;
  const text = typeof source === 'string' ? await readSource(source, project.root) : source.text;
  const used: Record<string, string | undefined> = {};
  const env = watchEnvironment({ ...environment }, used);
  const path = resolve(project.root, file);
  const plugins = pluginsIn({ file, text });
  const own = { file: path, project, text, overrides, shown: file };
  const registered = plugins.length > 0 ? await registerPlugins(plugins, own, trust) : builtIn();
  const planned = unwrap(planPipeline({ file, text }, { env, overrides, ...registered }));
  const notes = [...planned.notes, ...undeclaredFiles({ file, text }, planned.plan.cells, project)];
  return {
    ...{ ...planned, notes, project, file: path, pipelineFolder: dirname(path), text, overrides },
    ...{ environment: used, registered },
  };
}

/**
 * Plans what is not planned yet.
 *
 * @param target - a pipeline or a plan of it
 * @param options - overrides, environment and working folder, for a pipeline that is not planned yet
 * @returns the plan
 * @throws FailureError with every problem of the file
 * @throws TypeError for options that came too late for a plan
 */
export async function asPlanned(
  target: PipelineSource | PlannedPipeline,
  options: SourceOptions = {},
): Promise<PlannedPipeline> {
  if (typeof target === 'string' || !('plan' in target)) return plan(target, options);
  if (options.overrides ?? options.environment ?? options.cwd)
    throw new TypeError('overrides, environment and cwd are options of plan(): this pipeline is planned already');
  return target;
}

/**
 * Finds what is wrong with a plan's tables and plots, and with the files that they go into, before anything has run.
 *
 * @param target - the plan
 * @returns all that is wrong
 */
async function reportFaults(target: PlannedPipeline): Promise<readonly Failure[]> {
  const { plan, pipelineFolder, project, faults } = target;
  return [...faults, ...(await reportProblems(plan, { pipelineFolder, root: project.root }))];
}

/** What is wrong, and at which table, plot or file: how it is said may depend on values. */
const siteOf = ({ code, message, place }: Failure): string =>
  JSON.stringify([code, place?.file, place?.line, message.replace(/:.*/s, '')]);

/**
 * Divides what is wrong with tables and plots: what the pipeline file says itself, and what overrides alone bring about. Files
 * are not written of overridden plans, unless that is asked for, so that the latter stops nothing.
 *
 * @param target - the plan
 * @returns faults, for which a run is refused, and notes
 */
export async function judgeReports(target: PlannedPipeline): Promise<Pick<PlannedPipeline, 'faults' | 'notes'>> {
  const { overrides, file, text, environment: env, faults, registered } = target;
  const found = await reportFaults(target);
  if (found.length === faults.length || overrides.length === 0) return { faults: found, notes: [] };
  const own = planPipeline({ file, text }, { env, overrides: [], ...registered });
  const ofFile = own.ok ? await reportFaults({ ...target, ...own.value }) : [];
  const known = new Set([...faults, ...ofFile].map(siteOf));
  return {
    faults: found.filter((fault) => known.has(siteOf(fault))),
    notes: found
      .filter((fault) => !known.has(siteOf(fault)))
      .map((fault) => ({ ...fault, message: withOverrides(fault.message, overrides) })),
  };
}

/**
 * Refuses a plan whose tables or plots could not be written.
 *
 * @param target - the plan
 * @throws FailureError with all that is wrong with them
 */
export async function requireReports(target: PlannedPipeline): Promise<void> {
  const problems = await reportFaults(target);
  if (problems.length) throw new FailureError(problems);
}

/**
 * Looks for every problem of a pipeline that can be found without running it: those of {@link plan}, then those of its
 * tables and plots and of the files that they go into.
 *
 * @param source - the pipeline
 * @param options - overrides, environment, working folder
 * @returns the plan, or the failures
 */
export async function check(source: PipelineSource, options: SourceOptions = {}): Promise<Result<PlannedPipeline>> {
  try {
    const target = await plan(source, options);
    const { faults, notes } = await judgeReports(target);
    return faults.length > 0 ? failed(faults) : success({ ...target, notes: [...target.notes, ...notes] });
  } catch (error) {
    if (error instanceof FailureError) return failed(error.failures);
    throw error;
  }
}
