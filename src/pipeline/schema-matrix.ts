import type { JsonObject } from '../core/json.ts';
import { stoppingMethods } from '../core/plan.ts';
import type { StageKind } from '../stages/stage-kind.ts';
import { searchMethods } from './expand/search-fields.ts';
import { samplers } from './sampling/draw.ts';
import { count, expression, mapping, orExpression } from './schema-parts.ts';

const definition = (name: string): JsonObject => ({ $ref: `#/definitions/${name}` });

/**
 * What the parameters of a kind say of a matrix: values of the axes, and of entries of include and exclude, that have their
 * names. That an axis is a list, a range or an expression is said of all axes alike, so that `items` are enough here.
 *
 * @param kind - the stage kind, whose own definition holds the schemas of its parameters
 * @returns definitions by name; that of the matrix is called `<kind>-matrix`
 */
export function matrixDefinitions(kind: StageKind): readonly (readonly [string, JsonObject])[] {
  const { name, params } = kind;
  const valueOf = (param: string): JsonObject => definition(`${name}/properties/${param}`);
  const each = (schemaOf: (param: string) => JsonObject): JsonObject => ({
    properties: Object.fromEntries(Object.keys(params).map((param) => [param, schemaOf(param)])),
  });
  const axes = definition(`${name}-axes`);
  const entries = { items: definition(`${name}-entry`) };
  return [
    [`${name}-axes`, each((param) => ({ items: valueOf(param) }))],
    [`${name}-entry`, each(valueOf)],
    [`${name}-matrix`, { allOf: [axes], properties: { zip: axes, include: entries, exclude: entries } }],
  ];
}

/** Name of the definition {@link plainWith}. */
export const PLAIN_WITH = 'plain-with';

/**
 * A `with` in which no axis is put into a longer text: `root: "data/${matrix.site}"` gives a parameter what no value of the axis
 * is by itself, so that axes of such a stage need not be what parameters of their names take.
 */
export const plainWith: JsonObject = {
  additionalProperties: {
    not: { type: 'string', pattern: '^(?!\\$\\{[^}]*\\}$)[\\s\\S]*\\$\\{\\s*matrix\\.' },
  },
};

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

/** `seeds` of a stage or a matrix, for editors. */
export const seedsSchema: JsonObject = {
  ...orExpression(count(1)),
  description: 'How many seeds: 5 is short for an axis seed: [0, 1, 2, 3, 4].',
};

const entries = (description: string): JsonObject => ({ type: 'array', items: { type: 'object' }, description });

/** The matrix of a stage, for editors. */
export const matrixSchema: JsonObject = {
  type: 'object',
  description: 'One cell for each combination of its axes.',
  properties: {
    seeds: seedsSchema,
    zip: { type: 'object', description: 'Lists that are combined item by item.', additionalProperties: axis },
    exclude: entries('Combinations to leave out; keys may name a key of another cell: teacher.model.'),
    include: entries('Keys to add to every combination that they do not contradict, or combinations to add.'),
  },
  additionalProperties: axis,
};

const sampled: JsonObject = {
  anyOf: [
    { type: 'array', minItems: 1, description: 'Values to choose from.' },
    {
      ...range,
      description:
        'A range. Without step and count every number of it can be drawn; scale: log draws the logarithm evenly.',
    },
    expression,
  ],
};

/** The search of a stage, for editors. */
export const searchSchema = mapping(
  'Trials with sampled parameters, beside what the matrix gives.',
  {
    method: {
      ...orExpression({ enum: searchMethods }),
      description: `random, sobol: so many drawn trials, all trained to the end. grid: every combination of lists. ${stoppingMethods.join(', ')}: drawn trials, of which the best alone go on from rung to rung.`,
    },
    sampler: {
      ...orExpression({ enum: samplers }),
      default: 'random',
      description: 'How trials that are stopped are drawn.',
    },
    parameters: {
      type: 'object',
      minProperties: 1,
      description: 'What is sampled, by name.',
      additionalProperties: sampled,
    },
    trials: {
      ...orExpression(count(1)),
      description: 'How many trials; the first ones stay the same when there are more.',
    },
    seed: { ...orExpression(count(0)), default: 0, description: 'Other seeds draw other trials.' },
    metric: {
      ...orExpression({ type: 'string', pattern: '^val\\.' }),
      description: 'What trials are ranked by: val.accuracy.',
    },
    rungs: {
      ...orExpression({ type: 'array', items: count(1), minItems: 2 }),
      description: 'Epochs after which trials are ranked; the last are those of the whole training.',
    },
    eta: { ...orExpression(count(2)), default: 3, description: 'One of so many trials goes on from a rung.' },
  },
  ['method', 'parameters'],
);
