import { relative } from 'node:path';
import { Command } from 'commander';
import { openProject } from '../../project/project.ts';
import { findPaths } from '../../project/results.ts';
import { examples } from '../options.ts';
import { print } from '../terminal.ts';
import { calledFrom } from '../workspace.ts';

/**
 * `kdpipe path`: where results lie, for scripts: a line a cell, relative to the folder in which it was called.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('path')
    .argument('<cell>', 'a stage, cell or stage[axis=value]; with .output, one of its outputs')
    .addHelpText('after', examples('kdpipe path teacher', "cp $(kdpipe path 'student[seed=0].weights') ."))
    .action((name: string) => {
      for (const path of findPaths(openProject(), name)) print(relative(calledFrom(), path) || '.');
    });
}
