import { isAbsolute, relative, resolve } from 'node:path';
import { Argument } from 'commander';
import { findWorkspace } from '../project/workspace.ts';
import { printError } from './terminal.ts';

/** Where kdpipe was called. */
let called = '';
/** Paths as they were typed, and as the workspace sees them. */
const typed = new Map<string, string>();

/**
 * Goes to the workspace that the current folder belongs to: from there on paths and results are as if kdpipe had been
 * called there. What was typed still counts from the folder in which it was typed: see {@link typedPath}.
 */
export function enterWorkspace(): void {
  called = process.cwd();
  process.chdir(findWorkspace(called));
}

/**
 * The folder in which kdpipe was called.
 *
 * @returns its absolute path
 */
export const calledFrom = (): string => called;

/** Says which workspace is used, where it is not the folder in which kdpipe was called. */
export function sayWorkspace(): void {
  const path = relative(called, process.cwd());
  if (path !== '') printError(`workspace: ${path} (its runs/ holds the results; paths in pipelines count from there)`);
}

/**
 * A path as it was typed, seen from the workspace.
 *
 * @param path - as typed
 * @returns the path from the workspace; an absolute one as it is
 */
export function typedPath(path: string): string {
  if (isAbsolute(path) || called === '' || called === process.cwd()) return path;
  const there = relative(process.cwd(), resolve(called, path)) || '.';
  typed.set(path, there);
  return there;
}

/**
 * The words of a command line as they would be typed in the workspace.
 *
 * @param words - as they were typed
 * @returns the same with the paths of {@link typedPath}
 */
export function fromWorkspace(words: readonly string[]): readonly string[] {
  return words.map((word) => typed.get(word) ?? word);
}

/**
 * The argument of a command that names a pipeline file.
 *
 * @param flags - as commander writes them
 * @param description - for `--help`
 * @returns the argument
 */
export function fileArgument(flags = '<pipeline>', description = 'pipeline file'): Argument {
  return new Argument(flags, description).argParser(typedPath);
}
