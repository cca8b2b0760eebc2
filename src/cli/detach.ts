import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Event } from '../core/event.ts';
import { isJsonObject } from '../core/json.ts';
import { exitCodes } from './exit.ts';
import { printError } from './terminal.ts';
import { calledFrom } from './workspace.ts';

/** What a detached run prints until its folder is there, and from then on. */
const places = { before: '.detached', after: 'output.txt' };

/**
 * Starts the run of this command line again, as a process of its own that needs neither this one nor its terminal, and waits
 * until stages may start.
 *
 * @param runsFolder - absolute path of `runs/`
 * @returns the exit code: 0 for a run that goes on; else that of the run, and what it said has been printed
 */
export async function runDetached(runsFolder: string): Promise<number> {
  const folder = join(runsFolder, places.before);
  mkdirSync(folder, { recursive: true });
  const output = join(folder, `${Date.now()}-${process.pid}.txt`);
  const file = openSync(output, 'a');
  const words = process.argv.slice(1).filter((word) => word !== '--detach');
  const child = spawn(process.execPath, [...process.execArgv, ...words], {
    cwd: calledFrom(),
    env: { ...process.env, KDPIPE_DETACHED: '1' },
    stdio: ['ignore', file, file, 'ipc'],
    detached: true,
  });
  closeSync(file);
  const begun = await firstWord(child);
  if (typeof begun === 'number') {
    process.stderr.write(readFileSync(output));
    return begun;
  }
  const kept = join(runsFolder, begun.pipeline, begun.run, places.after);
  renameSync(output, kept);
  child.unref();
  printError(
    `run ${begun.run} goes on by itself: kdpipe attach shows it, kill -INT ${child.pid ?? ''} ends it in order; what it prints: ${relative('.', kept)}`,
  );
  return exitCodes.done;
}

/** A run that has begun, or the exit code of one that has ended before. */
function firstWord(child: ChildProcess): Promise<{ readonly pipeline: string; readonly run: string } | number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? exitCodes.couldNotStart));
    child.once('message', (message: unknown) => {
      const { pipeline, run } = isJsonObject(message) ? message : {};
      if (typeof pipeline === 'string' && typeof run === 'string') resolve({ pipeline, run });
    });
  });
}

/**
 * What a run tells the process that has started it by {@link runDetached}, once: `KDPIPE_DETACHED` says that one waits for it.
 *
 * @returns takes the run's events; does nothing in a run that was not started so
 */
export function tellStarter(): (event: Event) => void {
  if (process.env['KDPIPE_DETACHED'] === undefined) return () => undefined;
  // Not for stages, which may run kdpipe themselves.
  delete process.env['KDPIPE_DETACHED'];
  return (event) => {
    if (event.type !== 'run-started' || event.run === '' || !process.connected) return;
    process.send?.({ pipeline: event.pipeline, run: event.run }, undefined, undefined, () => process.disconnect());
  };
}
