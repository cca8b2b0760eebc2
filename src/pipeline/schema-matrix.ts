import type { JsonObject } from '../core/json.ts';
import type { StageKind } from '../stages/stage-kind.ts';

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
