#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { Command, CommanderError } from 'commander';
import { expectedFailures } from '../core/system-failure.ts';
import { kdpipeVersion } from '../util/package-root.ts';
import { printableLine } from '../util/printable.ts';
import { exitCodes } from './exit.ts';
import { commands, type CommandEntry } from './registry.ts';
import { print, printError } from './terminal.ts';
import { enterWorkspace, sayWorkspace } from './workspace.ts';

/** Declares every command, but loads only the module of the one that is called: start-up stays short. */
async function buildProgram(called: string | undefined): Promise<Command> {
  const program = new Command('kdpipe')
    .description('Declarative experiment pipelines for knowledge distillation.')
    .version(kdpipeVersion())
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(text) });
  for (const [name, entry] of Object.entries<CommandEntry>(commands)) {
    const command = name === called ? (await entry.load()).command() : new Command(name);
    if (name === called && !entry.anywhere) {
      enterWorkspace();
      command.hook('preAction', sayWorkspace);
    }
    program.addCommand(command.summary(entry.summary).exitOverride());
  }
  return program;
}

/** Says what went wrong, without a stack trace, and gives the exit code. */
async function report(error: unknown): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.couldNotStart;
  const failures = expectedFailures(error);
  if (failures) {
    const { printFailures } = await import('./notes.ts');
    printFailures(failures);
    return exitCodes.couldNotStart;
  }
  const shown = error instanceof Error ? (process.env['KDPIPE_DEBUG'] ? error.stack : error.message) : String(error);
  printError(`kdpipe: internal error: ${shown ?? ''}\nThis is a bug. KDPIPE_DEBUG=1 shows where it happened.`);
  return exitCodes.couldNotStart;
}

// A plan is made of many small objects that live until the end: collecting the young ones more often costs no time that can be
// measured, and leaves a fifth of the memory of 20,000 cells to the stages.
setFlagsFromString('--semi-space-growth-factor=1');

// Whoever reads what we write may stop reading: `kdpipe plan … | head`. A run goes on without its reader.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // EIO: the terminal was closed.
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });

/** Runs the command that was typed. */
async function run(): Promise<void> {
  const called = process.argv.slice(2).find((word) => !word.startsWith('-'));
  const program = await buildProgram(called === 'help' ? process.argv[3] : called);
  await program.parseAsync();
}

/** Asked by the scripts of `kdpipe completion`. */
async function complete(words: readonly string[]): Promise<void> {
  const { candidates } = await import('./complete/candidates.ts');
  for (const candidate of await candidates(words)) print(printableLine(candidate));
}

try {
  const [first, ...words] = process.argv.slice(2);
  if (first === '__complete') await complete(words);
  else await run();
} catch (error) {
  process.exitCode = await report(error);
}
