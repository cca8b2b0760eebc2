import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fail } from '../core/failure.ts';
import type { CellId, Plan } from '../core/plan.ts';
import { writeWhole } from '../util/write-whole.ts';
import { writeObstacle } from '../util/write-obstacle.ts';
import { openEventLog, type EventLog } from './event-log.ts';
import { planToJson } from './plan-json.ts';

/** The folder of a run that is being written. */
export interface RunRecord extends EventLog {
  /** Name of the run: `<start>-<id>`. */
  readonly run: string;
  /** Absolute path. */
  readonly folder: string;
}

/**
 * Starts the record of a run: `runs/<pipeline>/<start>-<id>/` with the plan, the events, and a folder for stages.
 *
 * @param runsFolder - absolute path of `runs/`
 * @param plan - the plan that runs
 * @param start - milliseconds since the Unix epoch
 * @returns the record
 * @throws FailureError when the folder cannot be written
 */
export function startRecord(runsFolder: string, plan: Plan, start: number): RunRecord {
  const run = `${new Date(start).toISOString().replaceAll(/[-:.]/g, '')}-${randomBytes(3).toString('hex')}`;
  const folder = join(runsFolder, plan.name, run);
  try {
    mkdirSync(join(folder, 'stages'), { recursive: true });
    const mode = modeOf(plan);
    // What was planned cannot be told from anything else after a loss of power.
    writeWhole(join(folder, 'plan.json'), planToJson(plan), { flush: true, ...(plan.secrets && { mode }) });
    return { run, folder, ...openEventLog(join(folder, 'events.ndjson'), mode) };
  } catch (error) {
    return failNotWritable(runsFolder, error);
  }
}

/**
 * Opens the record of a run that goes on, to write into it.
 *
 * @param folder - the run's folder
 * @param plan - the plan that runs
 * @returns the record
 * @throws FailureError when it cannot be written
 */
export function openRecord(folder: string, plan: Plan): RunRecord {
  try {
    return { run: basename(folder), folder, ...openEventLog(join(folder, 'events.ndjson'), modeOf(plan)) };
  } catch (error) {
    return failNotWritable(dirname(dirname(folder)), error);
  }
}

/** Where there are secrets, one that was missed is nobody else's to read. */
const modeOf = ({ secrets }: Plan): number => (secrets ? 0o600 : 0o666);

function failNotWritable(runsFolder: string, error: unknown): never {
  const { code, message } = writeObstacle(runsFolder, error) as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return fail({
    code: 'runs-not-writable',
    message: `the run cannot be recorded: ${message}`,
    expected: `${runsFolder} to be a folder that can be written, with free space`,
    fix: 'mend its permissions, or free space, e.g. with kdpipe gc',
  });
}

/** Names that every file system takes as they are, and that are short enough for every file in the folder. */
const safeName = /^[A-Za-z0-9_][A-Za-z0-9_.=,[\]+-]{0,99}$/;

/**
 * Folder of a cell inside its run's folder: the cell's id where that is a safe file name, else its readable beginning
 * and 10 digits of its digest.
 *
 * @param folder - the run's folder
 * @param cell - the cell
 * @returns path of the folder; it is not created
 */
export function cellFolder(folder: string, cell: CellId): string {
  return join(folder, 'stages', safeName.test(cell) ? cell : digestedName(cell));
}

/**
 * The file that takes what a cell's stage writes.
 *
 * @param folder - the run's folder
 * @param cell - the cell
 * @returns its path; it may not be there
 */
export function logFile(folder: string, cell: CellId): string {
  return join(cellFolder(folder, cell), 'log.txt');
}

function digestedName(cell: CellId): string {
  const readable = cell.replaceAll(/[^A-Za-z0-9_.=-]+/g, '-').slice(0, 60);
  return `${readable}-${createHash('sha256').update(cell).digest('hex').slice(0, 10)}`;
}
