import { places, type Place } from '../../core/plan.ts';
import type { Located } from '../source/location.ts';
import { readQueueCommands } from './queue-commands.ts';
import type { Shape } from './shape.ts';
import { readSlurmSettings } from './slurm-settings.ts';
import type { LocatedMap, PipelineSpec } from './spec.ts';

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

/**
 * Reads where a pipeline runs unless the command line says otherwise, and how it is submitted there.
 *
 * @param top - the keys of a pipeline
 * @param shape - takes what is wrong
 * @returns what is given
 */
export function readSubmission(top: LocatedMap, shape: Shape): Pick<PipelineSpec, 'executor' | 'slurm' | 'command'> {
  return {
    executor: readPlace(top.get('executor'), shape),
    slurm: readSlurmSettings(top.get('slurm'), shape),
    command: readQueueCommands(top.get('command'), shape),
  };
}
