import { extname, isAbsolute, normalize } from 'node:path';
import type { Value, ValueObject } from '../../core/plan.ts';
import type { CheckContext, ParamProblem, StageKind } from '../stage-kind.ts';
import { mentions } from './mentions.ts';
import { inputVariable } from './variables.ts';

const isMapping = (value: Value | undefined): value is ValueObject =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

const entriesOf = (value: Value | undefined): readonly [string, Value][] =>
  isMapping(value) ? Object.entries(value) : [];

/** Texts of a mapping; what is no text is a reference, or the schema's to refuse. */
function textsOf(value: Value | undefined): Readonly<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const [name, item] of entriesOf(value)) if (typeof item === 'string') texts[name] = item;
  return texts;
}

/** Paths as the store lists them: `./a` is `a`, `logs/` is `logs`. */
const normalized = (paths: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, normalize(path).replace(/(?<=.)\/$/, '')]));

/** True for a path that stays inside the folder that it is relative to. */
const staysInside = (path: string) =>
  path !== '' && !isAbsolute(path) && !/^\.\.(?:[/\\]|$)/.test(normalize(path)) && !path.includes('\0');

function checkPrograms(params: ValueObject): readonly ParamProblem[] {
  const { run, shell } = params;
  const given = [run, shell].filter((value) => value !== undefined).length;
  if (given !== 1)
    return [
      {
        code: 'run-or-shell',
        param: given ? ['shell'] : [],
        message: given ? 'both run and shell are given' : 'neither run nor shell is given',
        expected: 'exactly one of run (a list: program and arguments) and shell (one text for /bin/sh)',
        fix: 'run: [python, train.py, "--lr=0.1"]',
      },
    ];
  if (!Array.isArray(run) || (run.length > 0 && run[0] !== '')) return [];
  return [
    {
      code: 'no-program',
      param: ['run'],
      message: 'run names no program',
      expected: 'the program, then its arguments',
    },
  ];
}

const outside = (param: readonly string[], path: string): ParamProblem => ({
  code: 'path-outside',
  param,
  message: `${param.join('.')} is ${JSON.stringify(path)}, which leaves the output folder`,
  expected: 'a path inside $KDPIPE_OUT, relative to it',
  fix: 'let the command write to "$KDPIPE_OUT/…" and name the part after it',
});

function checkOutputs(params: ValueObject): readonly ParamProblem[] {
  const { outputs, metrics } = params;
  const problems = Object.entries(textsOf(outputs))
    .filter(([, path]) => !staysInside(path))
    .map(([name, path]) => outside(['outputs', name], path));
  if (isMapping(outputs) && !Object.keys(outputs).length)
    problems.push({
      code: 'no-outputs',
      param: ['outputs'],
      message: 'outputs is empty',
      expected: 'at least one output',
    });
  if (typeof metrics !== 'string') return problems;
  if (!staysInside(metrics)) return [...problems, outside(['metrics'], metrics)];
  if (/^\.(?:json|csv|ya?ml)$/i.test(extname(metrics))) return problems;
  const message = `metrics is ${JSON.stringify(metrics)}, whose format is not known`;
  return [
    ...problems,
    { code: 'metrics-format', param: ['metrics'], message, expected: 'a .json, .csv, .yaml or .yml file' },
  ];
}

/** Two inputs whose names differ only in what a variable's name cannot hold would overwrite each other. */
function checkInputs(params: ValueObject): readonly ParamProblem[] {
  const seen = new Map<string, string>();
  const problems: ParamProblem[] = [];
  for (const [name] of entriesOf(params['inputs'])) {
    const variable = inputVariable(name);
    const other = seen.get(variable);
    const message = `inputs ${other ?? ''} and ${name} would both be $${variable}`;
    if (other !== undefined)
      problems.push({ code: 'colliding-inputs', param: ['inputs', name], message, fix: 'rename one' });
    seen.set(variable, name);
  }
  return problems;
}

/** Variables that kdpipe sets itself cannot be set in `env`: that would do nothing. */
function checkEnvironment(params: ValueObject): readonly ParamProblem[] {
  return entriesOf(params['env'])
    .filter(([name]) => /^KDPIPE_(?:STAGE|OUT|SEED|RUN|INPUT_.*)$/.test(name))
    .map(([name]) => ({
      code: 'reserved-variable',
      param: ['env', name],
      message: `${name} is set by kdpipe`,
      fix: 'use another name',
    }));
}

function check(params: ValueObject, _context: CheckContext): readonly ParamProblem[] {
  return [checkPrograms, checkOutputs, checkInputs, checkEnvironment].flatMap((rule) => rule(params));
}

/** Any program as a stage: it reads declared files and results of other stages, and writes into `$KDPIPE_OUT`. */
export const command: StageKind = {
  name: 'command',
  resultVersion: 1,
  summary: 'Runs any program; what it writes into $KDPIPE_OUT is the result.',
  params: {
    run: {
      type: 'array',
      description:
        'Program and arguments, passed as they are: no shell reads them. Lists inside are flattened; $(KDPIPE_OUT), $(KDPIPE_SEED) … are replaced.',
      examples: [['python', 'train.py', '--lr=0.1', '--out=$(KDPIPE_OUT)']],
    },
    shell: {
      type: 'string',
      minLength: 1,
      description: 'A text for /bin/sh, instead of run.',
      examples: ['sort "$KDPIPE_INPUT_WORDS" > "$KDPIPE_OUT/sorted.txt"'],
    },
    inputs: {
      type: 'object',
      default: {},
      description:
        'What it reads, by name: a file or folder, or a result of another stage. The path is in $KDPIPE_INPUT_<NAME>; of several, one a line.',
    },
    outputs: {
      type: 'object',
      default: { out: '.' },
      additionalProperties: { type: 'string' },
      description: 'What it makes, by name: a file or folder inside $KDPIPE_OUT.',
    },
    metrics: {
      type: 'string',
      description:
        'A JSON, YAML or CSV file (of each column the last value) inside $KDPIPE_OUT that holds the metrics.',
    },
    env: {
      type: 'object',
      default: {},
      additionalProperties: { type: ['string', 'number', 'boolean'] },
      description: 'Further environment variables.',
    },
    cwd: { type: 'string', default: '.', description: 'Folder in which it runs, relative to where kdpipe was called.' },
    seed: { type: 'integer', default: 0, description: 'Given to the program as $KDPIPE_SEED.' },
  },
  required: [],
  unkeyed: [],
  checkpoints: false,
  outputs: (params) => normalized(textsOf(params['outputs'] ?? { out: '.' })),
  check,
  sources: (params) =>
    Object.entries(textsOf(params['inputs'])).map(([name, path]) => ({ name: `inputs.${name}`, path })),
  mentions,
  load: () => import('./run.ts'),
};
