import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fail } from '../core/failure.ts';
import type { Plan } from '../core/plan.ts';
import { unwrap } from '../core/result.ts';
import type { Environment } from '../pipeline/expand/names.ts';
import { planPipeline } from '../pipeline/plan.ts';
import type { PlanOptions } from '../scheduler/prepare.ts';
import { catalogue } from '../stages/catalogue.ts';
import { kinds } from '../stages/registry.ts';
import { openStore } from '../store/local.ts';
import { nameAdvice } from '../util/text.ts';
import { foldersOf } from './folders.ts';

/** The working folder as commands see it: pipelines are read from it, results go to its `runs/`. */
export interface Project extends PlanOptions {
  /** Folder that `into:` and paths in pipelines start from. */
  readonly root: string;
}

/**
 * Opens the working folder. Nothing is created.
 *
 * @returns store, kinds and folders
 */
export function openProject(): Project {
  const root = process.cwd();
  const { runs, store } = foldersOf(root);
  return { root, runsFolder: runs, workingFolder: root, store: openStore(store), kinds };
}

/** Names the files that a mistyped path may have meant. */
function missingFile(file: string, error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  const folder = dirname(file);
  let there: readonly string[] = [];
  try {
    there = readdirSync(folder)
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

/** A plan and all that it was made of. */
export interface PlannedFile {
  readonly plan: Plan;
  /** Absolute path of the pipeline file. */
  readonly file: string;
  readonly text: string;
  readonly overrides: readonly string[];
  /** The variables that the plan asked for; what was not set is undefined. */
  readonly environment: Environment;
}

/** An environment that notes in `asked` what is read of it. */
function watchEnvironment(environment: Environment, asked: Record<string, string | undefined>): Environment {
  return new Proxy(environment, {
    getOwnPropertyDescriptor: (variables, name) => {
      if (typeof name === 'string') asked[name] = variables[name];
      return Reflect.getOwnPropertyDescriptor(variables, name);
    },
  });
}

/**
 * Reads and plans a pipeline file.
 *
 * @param file - path as the user typed it
 * @param overrides - `-S` arguments
 * @returns the plan, and what it was made of
 * @throws FailureError with every problem of the file
 */
export function readPlan(file: string, overrides: readonly string[] = []): PlannedFile {
  let text: string;
  try {
    text = readFileSync(resolve(file), 'utf8');
  } catch (error) {
    return missingFile(file, error);
  }
  const environment: Record<string, string | undefined> = {};
  const env = watchEnvironment({ ...process.env }, environment);
  const plan = unwrap(planPipeline({ file, text }, { env, overrides, kinds, catalogue: catalogue() }));
  return { plan, file: resolve(file), text, overrides, environment };
}

/**
 * Reads and plans a pipeline file, for those who want the plan alone.
 *
 * @param file - path as the user typed it
 * @param overrides - `-S` arguments
 * @returns the plan
 * @throws FailureError with every problem of the file
 */
export function loadPlan(file: string, overrides: readonly string[] = []): Plan {
  return readPlan(file, overrides).plan;
}
