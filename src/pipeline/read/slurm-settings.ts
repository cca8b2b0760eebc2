import type { SlurmSettings } from '../../core/plan.ts';
import { describeValue } from '../source/describe-value.ts';
import { durationSeconds, expectedDuration } from '../source/duration.ts';
import type { Located } from '../source/location.ts';
import { readCount } from './count.ts';
import { plainText } from './plain-text.ts';
import type { Shape } from './shape.ts';

const expected =
  'plain text; variables of the environment such as SBATCH_ACCOUNT and SBATCH_PARTITION hold where it is left out';
const SETTINGS = ['partition', 'account', 'qos', 'time', 'options', 'setup', 'pack'] as const;

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
  const pack = readCount(fields.get('pack'), 'slurm.pack', shape);
  const options = shape.texts(fields.get('options'), 'slurm.options', true).map(({ value }) => value);
  const texts = (['partition', 'account', 'qos', 'setup'] as const).flatMap((name) => {
    const value = plainText(fields.get(name), { what: `slurm.${name}`, expected }, shape);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(texts),
    ...(time !== undefined && { time }),
    ...(pack !== undefined && { pack }),
    ...(options.length > 0 && { options }),
  };
}
