import { places, type Place } from '../../core/plan.ts';
import type { Located } from '../source/location.ts';
import { plainText } from './plain-text.ts';
import { readQueueCommands } from './queue-commands.ts';
import type { Shape } from './shape.ts';
import { readSinks } from './sinks.ts';
import { readSlurmSettings } from './slurm-settings.ts';
import type { LocatedMap, PipelineSpec } from './spec.ts';

/** The keys of a pipeline that {@link readSubmission} reads. */
export const SUBMISSION = ['executor', 'slurm', 'command', 'on_finish', 'sinks'] as const;

const isPlace = (name: string): name is Place => places.some((place) => place === name);

function readPlace(written: Located | undefined, shape: Shape): Place | undefined {
  const name = shape.text(written, 'executor');
  if (!name || isPlace(name.value)) return name?.value as Place | undefined;
  shape.problems.add({
    code: 'unknown-executor',
    message: `executor is ${JSON.stringify(name.value)}`,
    expected: places.join(' or '),
    location: name.location,
  });
  return undefined;
}

/** What of a pipeline says where it runs, and what is told when it has ended. */
type Submission = Pick<PipelineSpec, 'executor' | 'slurm' | 'command' | 'onFinish' | 'sinks'>;

/**
 * Reads where a pipeline runs unless the command line says otherwise, how it is submitted there, and what follows a run.
 *
 * @param top - the keys of a pipeline
 * @param shape - takes what is wrong
 * @returns what is given
 */
export function readSubmission(top: LocatedMap, shape: Shape): Submission {
  const expected = 'a command line of a shell; $KDPIPE_STATUS and others are variables of its environment';
  return {
    executor: readPlace(top.get('executor'), shape),
    slurm: readSlurmSettings(top.get('slurm'), shape),
    command: readQueueCommands(top.get('command'), shape),
    onFinish: plainText(top.get('on_finish'), { what: 'on_finish', expected }, shape),
    sinks: readSinks(top.get('sinks'), shape),
  };
}
