import { places, type Place, type SlurmSettings } from '../../core/plan.ts';
import { describeValue } from '../source/describe-value.ts';
import { durationSeconds, expectedDuration } from '../source/duration.ts';
import type { Located } from '../source/location.ts';
import type { Shape } from './shape.ts';

const SETTINGS = ['partition', 'account', 'qos', 'time', 'options', 'setup'] as const;

/** A text without an expression: where a job goes is the same for all cells of a stage. */
function plainText(written: Located | undefined, name: string, shape: Shape): string | undefined {
  const text = shape.text(written, `slurm.${name}`);
  if (!text?.value.includes('${')) return text?.value;
  shape.problems.add({
    code: 'misplaced-expression',
    message: `slurm.${name} holds an expression`,
    expected:
      'plain text; variables of the environment such as SBATCH_ACCOUNT and SBATCH_PARTITION hold where it is left out',
    location: text.location,
  });
  return undefined;
}

function readTime(written: Located | undefined, shape: Shape): number | undefined {
  if (!written) return undefined;
  const { value, location } = written;
  // Lists and mappings are no durations; neither is what a plan alone knows.
  const seconds = durationSeconds(typeof value === 'string' || typeof value === 'number' ? value : null);
  if (seconds !== undefined && seconds > 0) return seconds;
  const message = `slurm.time is ${describeValue(value)}`;
  shape.problems.add({ code: 'bad-limit', message, expected: `${expectedDuration}, more than none`, location });
  return undefined;
}

/**
 * Reads how stages are submitted to Slurm.
 *
 * @param written - the mapping `slurm` of a pipeline or a stage
 * @param shape - takes what is wrong
 * @returns the settings that are given
 */
export function readSlurmSettings(written: Located | undefined, shape: Shape): SlurmSettings {
  const fields = shape.fields(written, 'slurm', SETTINGS);
  const time = readTime(fields.get('time'), shape);
  const options = shape.texts(fields.get('options'), 'slurm.options', true).map(({ value }) => value);
  const texts = (['partition', 'account', 'qos', 'setup'] as const).flatMap((name) => {
    const value = plainText(fields.get(name), name, shape);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(texts),
    ...(time !== undefined && { time }),
    ...(options.length > 0 && { options }),
  };
}

const isPlace = (name: string): name is Place => places.some((place) => place === name);

/**
 * Reads where a pipeline runs unless the command line says otherwise.
 *
 * @param written - the value of `executor`
 * @param shape - takes what is wrong
 * @returns the place; undefined where none is given
 */
export function readPlace(written: Located | undefined, shape: Shape): Place | undefined {
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
