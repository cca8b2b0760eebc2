import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { Catalogue } from '../stages/catalogue.ts';
import { kindNamesOf, type KindNames } from '../stages/kind-names.ts';
import { writtenSchemas } from '../stages/schema.ts';
import type { StageKind } from '../stages/stage-kind.ts';
import { corrections } from '../core/plan.ts';
import { slurmSchema, submissionSchema } from './schema-submission.ts';
import { matrixDefinitions, PLAIN_WITH, plainWith } from './schema-matrix.ts';
import { limitsSchema } from './source/budget.ts';
import { scales } from './tables/plan-plot.ts';
import { builtInTemplates } from './tables/plan-table.ts';

type Kinds = Readonly<Record<string, StageKind>>;

/** Any value may be given by an expression instead. */
const expression: JsonObject = {
  type: 'string',
  pattern: '\\$\\{',
  description: 'An expression: ${params.x}, ${env.NAME}, ${matrix.axis}, ${stages.id}.',
};

const reference: JsonObject = {
  type: 'string',
  pattern: '^\\$\\{\\s*(stages|matrix)\\.',
  description: 'A reference: "${stages.id}".',
};

const orExpression = (schema: JsonObject): JsonObject => ({ anyOf: [schema, expression] });

const text = (description: string): JsonObject => ({ type: 'string', minLength: 1, description });

const texts = (description: string): JsonObject => ({
  type: 'array',
  items: { type: 'string', minLength: 1 },
  minItems: 1,
  description,
});

/** A closed mapping. */
const mapping = (description: string, properties: JsonObject, required: readonly string[] = []): JsonObject => ({
  type: 'object',
  description,
  properties,
  required,
  additionalProperties: false,
});

/** A mapping with names of the user's choice. */
const named = (description: string, values: Json): JsonObject => ({
  type: ['object', 'null'],
  description,
  additionalProperties: values,
});

const duration: JsonObject = {
  anyOf: [
    { type: 'number', minimum: 0 },
    { type: 'string', pattern: '^(\\d+(\\.\\d+)?[smhd])+$' },
  ],
};
const count = (least: number): JsonObject => ({ type: 'integer', minimum: least });

/** A keyword of a schema; where it holds schemas of values inside, expressions are allowed there too. */
function openValues(keyword: string, value: Json): Json {
  if (keyword === 'anyOf' && Array.isArray(value)) return (value as readonly JsonObject[]).map(openInside);
  if (keyword === 'items' && Array.isArray(value)) return (value as readonly JsonObject[]).map(parameter);
  if (!isJsonObject(value)) return value;
  if (keyword === 'items' || keyword === 'additionalProperties') return parameter(value);
  if (keyword !== 'properties') return value;
  const properties = Object.entries(value as Readonly<Record<string, JsonObject>>);
  return Object.fromEntries(properties.map(([name, schema]) => [name, parameter(schema)]));
}

/** A schema whose inner values may be given by expressions. */
const openInside = (schema: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(schema).map(([keyword, value]) => [keyword, openValues(keyword, value)]));

/** A parameter's schema for editors: descriptions and defaults stay outside, so that they are shown at once. */
function parameter(schema: JsonObject): JsonObject {
  const { description, default: preset, ...rest } = schema;
  const shown = {
    ...(description === undefined ? {} : { description }),
    ...(preset === undefined ? {} : { default: preset }),
  };
  const input = rest['x-input'] as JsonObject | undefined;
  if (!input) return { ...shown, ...orExpression(openInside(rest)) };
  if (input['text'] !== undefined) return { type: 'string', minLength: 1, ...shown };
  if (input['many'] === undefined) return { ...reference, ...shown };
  const list: JsonObject = { type: 'array', items: reference };
  return { ...(input['many'] === true ? orExpression(list) : { anyOf: [reference, list] }), ...shown };
}

/** The parameters of a kind; nothing is required here, because defaults and axes may give it. */
function parametersOf(kind: StageKind, catalogue: Catalogue): JsonObject {
  const entries = Object.entries(writtenSchemas(kind, catalogue)).map(
    ([name, schema]) => [name, parameter(schema)] as const,
  );
  return {
    type: ['object', 'null'],
    description: kind.summary,
    properties: Object.fromEntries(entries),
    additionalProperties: false,
  };
}

const range = mapping(
  'A range; both ends belong to it.',
  {
    from: orExpression({ type: 'number' }),
    to: orExpression({ type: 'number' }),
    step: orExpression({ type: 'number', description: 'Difference between neighbouring values.' }),
    count: orExpression({ ...count(1), description: 'How many values.' }),
    scale: { enum: ['linear', 'log'], description: 'log: each value is the one before times a constant.' },
  },
  ['from', 'to'],
);

const axis: JsonObject = {
  anyOf: [
    { type: 'array', minItems: 1, description: 'Values; "${stages.id}" stands for every cell of a stage.' },
    range,
    expression,
  ],
};

const seeds: JsonObject = {
  ...orExpression(count(1)),
  description: 'How many seeds: 5 is short for an axis seed: [0, 1, 2, 3, 4].',
};

const entries = (description: string): JsonObject => ({ type: 'array', items: { type: 'object' }, description });

const matrix: JsonObject = {
  type: 'object',
  description: 'One cell for each combination of its axes.',
  properties: {
    seeds,
    zip: { type: 'object', description: 'Lists that are combined item by item.', additionalProperties: axis },
    exclude: entries('Combinations to leave out; keys may name a key of another cell: teacher.model.'),
    include: entries('Keys to add to every combination that they do not contradict, or combinations to add.'),
  },
  additionalProperties: axis,
};

const resources = mapping('What a cell occupies while it runs.', {
  cpu: { ...orExpression(count(1)), description: 'Slots of -j.' },
  gpu: { ...orExpression(count(0)), description: 'GPUs.' },
  memory: { ...orExpression({ type: 'number', minimum: 0 }), description: 'MiB.' },
  time: { ...orExpression(duration), description: 'Longest duration: seconds, or 90s, 15m, 12h.' },
});

/** Where the parameters of a kind, or of what is a synonym of it, stand. */
const definitionOf = (name: string, synonyms: KindNames['synonyms']): string =>
  `#/definitions/${synonyms.get(name) ?? name}`;

function stage(kinds: Kinds): JsonObject {
  const { all, synonyms } = kindNamesOf(kinds);
  const summaries = [
    ...Object.values(kinds).map(({ name, summary }) => `${name}: ${summary}`),
    ...[...synonyms].map(([synonym, name]) => `${synonym}: the same as ${name}.`),
  ];
  const body = mapping(
    'A stage.',
    {
      uses: { enum: all, description: `The kind of stage.\n${summaries.join('\n')}` },
      description: text('What it is for.'),
      with: { type: ['object', 'null'] },
      matrix,
      seeds,
      resources,
      slurm: slurmSchema,
      retry: { ...orExpression(count(0)), description: 'Further attempts after a failed one.' },
      timeout: {
        ...orExpression(duration),
        description: 'Duration after which an attempt is stopped: seconds, or 90s, 15m, 12h.',
      },
    },
    ['uses'],
  );
  const rules = all.flatMap((name) => [
    {
      if: { properties: { uses: { const: name } }, required: ['uses'] },
      then: { properties: { with: { $ref: definitionOf(name, synonyms) } } },
    },
    {
      if: { properties: { uses: { const: name }, with: { $ref: `#/definitions/${PLAIN_WITH}` } }, required: ['uses'] },
      then: { properties: { matrix: { $ref: `${definitionOf(name, synonyms)}-matrix` } } },
    },
  ]);
  return { ...body, allOf: rules };
}

/** The axes that a table or a plot takes means over. */
const over: JsonObject = {
  anyOf: [text('An axis.'), texts('Several.')],
  description: 'Axes that means are taken over, beside the seeds: what else differs in one row is refused.',
};

/** The cells of a table or a plot. */
const from: JsonObject = {
  anyOf: [text('A stage, or stage[axis=value].'), texts('Several stages.')],
  description: 'Where its cells come from.',
};

const table = mapping(
  'A result table.',
  {
    from,
    rows: texts('What makes a row: axes and parameters. Only seeds are aggregated, and what `over` names.'),
    over,
    columns: texts('Metrics: test.accuracy.'),
    title: text('Title.'),
    compare: mapping(
      'Differences to a baseline, paired by what is aggregated.',
      {
        baseline: { type: 'object', minProperties: 1, description: 'Rows to compare with.' },
        on: text('The column that decides.'),
        correction: {
          ...orExpression({ enum: corrections }),
          description: "p-values corrected for the number of comparisons, by Holm's step-down procedure.",
        },
      },
      ['baseline', 'on'],
    ),
    published: text('File with published numbers, relative to the pipeline file.'),
    template: {
      anyOf: [{ enum: builtInTemplates }, { type: 'string', pattern: '\\.hbs$' }, expression],
      description: 'A built-in template or a .hbs file; by default the one of the ending of into, else markdown.',
    },
    into: text(
      'File that it goes into, between the markers <!-- kdpipe:name --> and <!-- /kdpipe:name -->, in .tex files % kdpipe:name and % /kdpipe:name; a .csv or .json file is the table. A missing file is made.',
    ),
  },
  ['from', 'rows', 'columns'],
);

const plot = mapping(
  'A plot: the mean of a metric over a number, with the spread of what is aggregated.',
  {
    from,
    x: text('The number on the x axis: an axis of the matrix or a parameter.'),
    y: text('The metric on the y axis: test.accuracy.'),
    series: {
      anyOf: [text('An axis or a parameter.'), texts('Several.')],
      description: 'Names whose values make a line each. Only seeds are aggregated, and what `over` names.',
    },
    over,
    scale: { ...orExpression({ enum: scales }), default: 'linear', description: 'Scale of the x axis.' },
    title: text('Title.'),
    baseline: { type: 'object', minProperties: 1, description: 'Rows without x, drawn as level lines.' },
    template: {
      anyOf: [{ type: 'string', pattern: '\\.json$' }, expression],
      description: 'A Vega-Lite specification in place of the built-in one, relative to the pipeline file.',
    },
    into: { anyOf: [{ type: 'string', pattern: '\\.svg$' }, expression], description: 'The SVG file.' },
  },
  ['from', 'x', 'y', 'into'],
);

/**
 * The JSON Schema of a pipeline file, for editors: names, descriptions, ranges and the registered names. Wherever a
 * value may stand, a `${…}` may stand too; what only a plan can know (references, missing parameters) is not in it.
 *
 * @param kinds - the registered stage kinds
 * @param catalogue - the registered ml names
 * @returns a JSON Schema (draft-07, which editors know best)
 */
export function pipelineSchema(kinds: Kinds, catalogue: Catalogue): JsonObject {
  const definitions = Object.entries(kinds).map(([name, kind]) => [name, parametersOf(kind, catalogue)] as const);
  const { all, synonyms } = kindNamesOf(kinds);
  const defaults = all.map((name) => [name, { $ref: definitionOf(name, synonyms) }] as const);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'kdpipe pipeline',
    ...mapping(
      'A pipeline of kdpipe.',
      {
        name: { ...text('Name of the pipeline and of its folder in runs/.'), pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$' },
        description: text('What it is for.'),
        limits: limitsSchema,
        params: named('Values that -S name=value overrides.', {}),
        env: named('Defaults of environment variables.', { type: ['string', 'number', 'boolean'] }),
        plugins: {
          type: 'array',
          items: { type: 'string', pattern: '\\.(ts|js|mjs)$' },
          description: 'Files that add methods of your own, relative to this file.',
        },
        defaults: {
          ...mapping('Parameters for every stage of a kind.', Object.fromEntries(defaults)),
          type: ['object', 'null'],
        },
        ...submissionSchema,
        stages: { type: 'object', minProperties: 1, description: 'Stages by id.', additionalProperties: stage(kinds) },
        tables: named('Result tables by name.', table),
        plots: named('Plots by name.', plot),
      },
      ['stages'],
    ),
    definitions: Object.fromEntries([
      ...definitions,
      ...Object.values(kinds).flatMap(matrixDefinitions),
      [PLAIN_WITH, plainWith],
    ]),
  };
}
