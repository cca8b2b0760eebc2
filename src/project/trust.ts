import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, sep } from 'node:path';
import { fail } from '../core/failure.ts';
import { CellReference, ReferenceText, type Plan, type Value, type ValueObject } from '../core/plan.ts';
import { sha256 } from '../fingerprint/digest.ts';
import { assetPath } from '../util/package-root.ts';
import { kdpipeCommand } from '../util/shell-word.ts';
import { writeWhole } from '../util/write-whole.ts';
import type { Project } from './project.ts';

/** Most stages whose programs are listed. */
const mostListed = 20;

/** Most characters of a program's line. */
const longestLine = 160;

/** What a part of a command line is, for a reader. */
function wordsOf(value: Value): string {
  if (value instanceof CellReference) return value.cell;
  if (value instanceof ReferenceText) return value.parts.map(wordsOf).join('');
  if (Array.isArray(value)) return (value as readonly Value[]).map(wordsOf).join(' ');
  return typeof value === 'object' && value !== null
    ? Object.values(value as ValueObject)
        .map(wordsOf)
        .join(' ')
    : String(value);
}

/** A program's line: where it stands, and its words. */
function lineOf(where: string, text: string): string {
  const words = text.replace(/\s+/g, ' ').trim();
  return `${where}: ${words.length > longestLine ? `${words.slice(0, longestLine)}…` : words}`;
}

/** What a job on a cluster starts before its stage; options of sbatch may name programs, too. */
function* slurmLines({ slurm }: Plan): Generator<string> {
  const settings = [['slurm', slurm?.all ?? {}], ...Object.entries(slurm?.stages ?? {})] as const;
  for (const [where, { setup, options }] of settings) {
    if (setup !== undefined) yield lineOf(`${where} (setup)`, setup);
    if (options !== undefined && options.length > 0) yield lineOf(`${where} (sbatch)`, options.join(' '));
  }
}

/** What submits to a queue of the user's. */
const queueLines = ({ command }: Plan): readonly string[] =>
  (['submit', 'status', 'cancel'] as const).flatMap((name) =>
    command ? [lineOf(`command (${name})`, command[name])] : [],
  );

/** Who is told of results, with the credentials of the user. */
const sinkLines = ({ sinks = [] }: Plan): readonly string[] =>
  sinks.map((sink) => lineOf(`sinks (${sink.uses})`, Object.values(sink.with).join(' ')));

/**
 * Lists plugins among programs.
 *
 * @param paths - of their files
 * @returns a line each
 */
export const pluginLines = (paths: readonly string[]): readonly string[] =>
  paths.map((path) => lineOf('plugins', path));

/**
 * Lists the programs that a plan starts, and what it tells results to.
 *
 * @param plan - the plan
 * @returns a line for each stage that starts one, its first cell's, for what is started besides to run jobs elsewhere, and for each sink
 */
export function programsOf(plan: Plan): readonly string[] {
  const lines = new Map<string, string>();
  for (const { stage, kind, params } of plan.cells) {
    if (kind !== 'command' || lines.has(stage)) continue;
    lines.set(stage, lineOf(stage, wordsOf(params['shell'] ?? params['run'] ?? [])));
  }
  const after = plan.onFinish === undefined ? [] : [lineOf('on_finish', plan.onFinish)];
  const beside = [...slurmLines(plan), ...queueLines(plan), ...after, ...sinkLines(plan)];
  return [...pluginLines(plan.plugins ?? []), ...lines.values(), ...beside];
}

/** The folder of everything that is of a project: its repository, or where there is none its workspace. */
function projectOf(root: string): string {
  for (let at = root; at !== homedir(); at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (dirname(at) === at) break;
  }
  return root;
}

const isBelow = (path: string, folder: string): boolean =>
  path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/** The text of a pipeline file, and where it is to run. */
export interface TrustedText {
  /** Absolute path of the file. */
  readonly file: string;
  /** The file as the user wrote it. */
  readonly shown: string;
  readonly text: string;
  readonly overrides: readonly string[];
  readonly project: Project;
}

/** A plan, and the text that it was made of. */
interface TrustedPlan extends Omit<TrustedText, 'shown'> {
  readonly plan: Plan;
}

/** Where a path leads, links followed; a text may have a path that is not there yet. */
const realPath = (path: string): string =>
  existsSync(path) ? realpathSync(path) : join(realPath(dirname(path)), basename(path));

/** Whether a pipeline file is of the project, or came with kdpipe itself; links are followed. */
function isOwn({ file, project }: TrustedText): boolean {
  const path = realPath(file);
  const root = realpathSync(project.root);
  return [root, projectOf(root), realpathSync(assetPath('.'))].some((folder) => isBelow(path, folder));
}

/** Digests of the files of others that were trusted here, one a line. */
const trustedFile = (runsFolder: string): string => join(runsFolder, '.trusted');

function trustedIn(runsFolder: string): readonly string[] {
  try {
    return readFileSync(trustedFile(runsFolder), 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

/**
 * Refuses programs of a pipeline file from elsewhere that nobody has said to trust. Files of the project start
 * theirs, as those of make do.
 *
 * @param pipeline - its text
 * @param programs - what would be started, a line each
 * @param trust - true to trust this text from now on, in this workspace
 * @throws FailureError with the programs
 */
export function requireTrustedText(pipeline: TrustedText, programs: readonly string[], trust: boolean): void {
  const { shown, overrides, text } = pipeline;
  const { runsFolder } = pipeline.project;
  if (programs.length === 0 || isOwn(pipeline)) return;
  const [digest, known] = [sha256(text), trustedIn(runsFolder)];
  if (known.includes(digest)) return;
  if (trust) {
    mkdirSync(runsFolder, { recursive: true });
    writeWhole(trustedFile(runsFolder), [...known, digest, ''].join('\n'), { mode: 0o600 });
    return;
  }
  const more = programs.length > mostListed ? [`… and ${programs.length - mostListed} more stages`] : [];
  const listed = [...programs.slice(0, mostListed), ...more].map((line) => `\n    ${line}`).join('');
  fail({
    code: 'untrusted-pipeline',
    message: `the pipeline is from outside of this project, and starts programs, or tells of results, with your rights:${listed}`,
    place: { file: shown },
    expected: 'a pipeline file of the project, or one whose programs you know',
    fix: `read it, then ${kdpipeCommand('run', shown, overrides)} --trust, which is remembered until the file changes`,
  });
}

/**
 * Refuses to start the programs of a plan that nobody has said to trust: see {@link requireTrustedText}.
 *
 * @param pipeline - the plan
 * @param trust - true to trust its text from now on, in this workspace
 * @throws FailureError with the programs
 */
export function requireTrust(pipeline: TrustedPlan, trust: boolean): void {
  requireTrustedText({ ...pipeline, shown: pipeline.plan.file }, programsOf(pipeline.plan), trust);
}
