import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { Catalogue } from '../stages/catalogue.ts';
import { kindNamesOf, type KindNames } from '../stages/kind-names.ts';
import { writtenSchemas } from '../stages/schema.ts';
import type { StageKind } from '../stages/stage-kind.ts';
import { slurmSchema, submissionSchema } from './schema-submission.ts';
import { matrixDefinitions, matrixSchema, PLAIN_WITH, plainWith, searchSchema, seedsSchema } from './schema-matrix.ts';
import { count, mapping, named, orExpression, text } from './schema-parts.ts';
import { plotSchema, tableSchema } from './schema-reports.ts';
import { limitsSchema } from './source/budget.ts';

type Kinds = Readonly<Record<string, StageKind>>;

const reference: JsonObject = {
  type: 'string',
  pattern: '^\\$\\{\\s*(stages|matrix)\\.',
  description: 'A reference: "${stages.id}".',
};

const duration: JsonObject = {
  anyOf: [
    { type: 'number', minimum: 0 },
    { type: 'string', pattern: '^(\\d+(\\.\\d+)?[smhd])+$' },
  ],
};
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
      matrix: matrixSchema,
      seeds: seedsSchema,
      search: searchSchema,
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
          description: 'Files that add methods and losses of your own, relative to this file.',
        },
        defaults: {
          ...mapping('Parameters for every stage of a kind.', Object.fromEntries(defaults)),
          type: ['object', 'null'],
        },
        ...submissionSchema,
        stages: { type: 'object', minProperties: 1, description: 'Stages by id.', additionalProperties: stage(kinds) },
        tables: named('Result tables by name.', tableSchema),
        plots: named('Plots by name.', plotSchema),
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
