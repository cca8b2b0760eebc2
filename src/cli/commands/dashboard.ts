import { once } from 'node:events';
import { Command, InvalidArgumentError } from 'commander';
import { startDashboard, type Dashboard } from '../../dashboard/server/dashboard-server.ts';
import type { ReadPicture } from '../../dashboard/server/pictures.ts';
import { Runs } from '../../dashboard/server/runs.ts';
import { openProject } from '../../project/project.ts';
import { examples, wholeNumber } from '../options.ts';
import { findRun } from '../recent-run.ts';
import { print, printError } from '../terminal.ts';

/** Reads a port. */
function portArgument(text: string): number {
  const port = wholeNumber(text);
  if (port < 1 || port > 65_535) throw new InvalidArgumentError('expected a port of 1 to 65535');
  return port;
}

/**
 * `kdpipe dashboard`: a page of the runs, on this machine alone, until Ctrl-C.
 *
 * @returns the commander command
 */
export function command(): Command {
  return new Command('dashboard')
    .argument('[run]', 'a pipeline’s name or a run; by default the latest run')
    .option('--port <port>', 'where it is served; by default 8228, or the next free port', portArgument)
    .addHelpText('after', examples('kdpipe dashboard', 'kdpipe dashboard study --port 9000'))
    .action(async (wanted: string | undefined, flags: { readonly port?: number }) => {
      const { runsFolder, store } = openProject();
      const { run } = findRun(runsFolder, wanted);
      const runs = new Runs(runsFolder, store);
      // A long record is read before anybody waits for it.
      runs.feed(run).refresh();
      const { Thumbnails } = await import('../../ml/data/thumbnails.ts');
      const thumbnails = new Thumbnails();
      const readPicture: ReadPicture = (...image) => thumbnails.read(...image);
      const dashboard = await startDashboard(runs, { ...flags, readPicture });
      print(wanted === undefined ? dashboard.address : `${dashboard.address}?run=${run}`);
      printError('the page is for this machine alone, and its address a secret; Ctrl-C ends it');
      await untilEnded(dashboard);
      thumbnails.close();
    });
}

/** Waits for Ctrl-C, or to be told to end. */
async function untilEnded(dashboard: Dashboard): Promise<void> {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await dashboard.close();
}
