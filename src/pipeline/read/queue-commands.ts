import type { QueueCommands } from '../../core/plan.ts';
import type { Located } from '../source/location.ts';
import { readCount } from './count.ts';
import { plainText } from './plain-text.ts';
import type { Shape } from './shape.ts';

const LINES = ['submit', 'status', 'cancel'] as const;

/**
 * Reads the command lines that `executor: command` submits with.
 *
 * @param written - the mapping `command` of a pipeline
 * @param shape - takes what is wrong
 * @returns the command lines; undefined where there are none
 */
export function readQueueCommands(written: Located | undefined, shape: Shape): QueueCommands | undefined {
  if (!written) return undefined;
  const fields = shape.fields(written, 'command', [...LINES, 'jobs']);
  shape.required(fields, { what: 'command', location: written.location, keys: LINES });
  const expected = 'a command line of a shell, the same for all stages; $NAME is a variable of its environment';
  const [submit, status, cancel] = LINES.map((name) =>
    plainText(fields.get(name), { what: `command.${name}`, expected }, shape),
  );
  const jobs = readCount(fields.get('jobs'), 'command.jobs', shape);
  if (submit === undefined || status === undefined || cancel === undefined) return undefined;
  return { submit, status, cancel, ...(jobs !== undefined && { jobs }) };
}
