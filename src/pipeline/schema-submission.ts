import type { JsonObject } from '../core/json.ts';
import { places } from '../core/plan.ts';
import { sinks } from '../sinks/registry.ts';
import type { Sink } from '../sinks/sink.ts';

const text = (description: string): JsonObject => ({ type: 'string', minLength: 1, description });

/** The mapping `slurm` of a pipeline or a stage, for editors. */
export const slurmSchema: JsonObject = {
  type: 'object',
  description: 'How stages are submitted to Slurm; a stage takes what it does not say from the pipeline.',
  properties: {
    partition: text('Partition.'),
    account: text('Account.'),
    qos: text('Quality of service.'),
    time: {
      anyOf: [
        { type: 'number', exclusiveMinimum: 0 },
        { type: 'string', pattern: '^(\\d+(\\.\\d+)?[smhd])+$' },
      ],
      description: 'Time limit of a job: seconds, or 90s, 15m, 12h. What saves checkpoints goes on after it.',
    },
    options: {
      anyOf: [text('An option of sbatch.'), { type: 'array', items: { type: 'string', minLength: 1 } }],
      description: 'Further options of sbatch.',
    },
    pack: {
      type: 'integer',
      minimum: 1,
      description:
        'Most cells that one task of an array runs, one after the other; 1 by default. For stages of seconds.',
    },
    setup: text('Lines of shell that run on the node before: module load nodejs.'),
  },
  additionalProperties: false,
};

/** The mapping `command` of a pipeline, for editors. */
const commandSchema: JsonObject = {
  type: 'object',
  description: 'How executor: command reaches a queue: command lines of a shell, to which words are added.',
  properties: {
    submit: text('Gets the path of a script, and prints what the job is called, as its last line.'),
    status: text(
      'Gets what jobs are called, and prints a line of each: what it is called, and queued, running or ended.',
    ),
    cancel: text('Gets what a job is called, and ends it.'),
    jobs: { type: 'integer', minimum: 1, description: 'Most jobs at once; no limit by default.' },
  },
  required: ['submit', 'status', 'cancel'],
  additionalProperties: false,
};

/** An item of `sinks`, for editors. */
const sinkSchema = (name: string, { summary, settings }: Sink): JsonObject => ({
  type: 'object',
  description: `${summary}.`,
  properties: {
    uses: { const: name },
    with: {
      type: 'object',
      properties: Object.fromEntries(Object.entries(settings).map(([key, about]) => [key, text(about)])),
      additionalProperties: false,
    },
  },
  required: ['uses'],
  additionalProperties: false,
});

/** What a pipeline says of where it runs and who is told, for editors. */
export const submissionSchema: JsonObject = {
  executor: { enum: places, description: 'Where it runs unless --executor says otherwise.' },
  slurm: slurmSchema,
  command: commandSchema,
  on_finish: text(
    'A command line of a shell that is run when a run has ended: KDPIPE_STATUS, KDPIPE_RUN, KDPIPE_RUN_FOLDER … say how.',
  ),
  sinks: {
    type: 'array',
    description:
      'Tools that curves, parameters and results go to while a run goes. They change no key, and no run fails for them.',
    items: { anyOf: Object.entries<Sink>(sinks).map(([name, sink]) => sinkSchema(name, sink)) },
  },
};
