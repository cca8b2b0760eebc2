import { isList } from '../../core/json.ts';
import { Ajv, type ValidateFunction } from 'ajv';
import { CellReference, ReferenceText, type Cell, type Value, type ValueObject } from '../../core/plan.ts';
import type { Catalogue } from '../../stages/catalogue.ts';
import { pluginSources } from '../../stages/plugin-names.ts';
import { synonymReader } from '../../stages/registry-synonyms.ts';
import { parameterSchema } from '../../stages/schema.ts';
import type { ParamSchema, StageKind } from '../../stages/stage-kind.ts';
import { expectation, type InputRule } from './expectation.ts';
import { checkInput, checkReference, withMainOutputs, type Checked } from './inputs.ts';
import { schemaProblems } from './schema-problems.ts';
import { checkVariables, type Variable } from './variables.ts';
import { PlannedStages } from '../planned/planned-stages.ts';

type Reference = CellReference | ReferenceText;

/** Starts the text that stands for a reference while ajv looks at a value; no YAML text can hold it. */
const MARK = '\u0000';

/** Values with references as marked texts: a path is a text, so a reference may stand wherever a text may. */
class Encoding {
  readonly #references: Reference[] = [];

  encode(value: Value): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (value instanceof CellReference || value instanceof ReferenceText) return this.mark(value);
    if (isList(value)) return value.map((item) => this.encode(item));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.encode(item)]));
  }

  mark(reference: Reference): string {
    return MARK + String(this.#references.push(reference) - 1);
  }

  reference(text: unknown): Reference | undefined {
    return typeof text === 'string' && text.startsWith(MARK) ? this.#references[Number(text.slice(1))] : undefined;
  }

  decode(value: unknown): Value {
    if (typeof value === 'string') return this.reference(value) ?? value;
    if (Array.isArray(value)) return value.map((item) => this.decode(item));
    if (typeof value !== 'object' || value === null) return value as Value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.decode(item)]));
  }
}

/** Where a keyword of ours is used. */
interface Spot {
  readonly parentData: unknown;
  readonly parentDataProperty: string | number;
}

/** One ajv with our keywords; `current` is what it looks at, for the keyword that checks references. */
class Validator {
  #current: { readonly encoding: Encoding; readonly world: PlannedStages } | undefined;
  readonly #ajv = new Ajv({
    strict: false,
    allErrors: true,
    verbose: true,
    useDefaults: true,
    // Schemas are ours: checking them against the meta-schema would cost 15 ms a start.
    meta: false,
    validateSchema: false,
    validateFormats: false,
  });

  constructor() {
    this.#ajv.addKeyword({
      keyword: 'x-input',
      modifying: true,
      errors: false,
      validate: (rule: InputRule, value: unknown, _schema: unknown, spot?: Spot) => this.#isInput(rule, value, spot),
    });
  }

  compile(schema: ParamSchema): ValidateFunction {
    // The value stands in a mapping, so that a keyword can replace it.
    return this.#ajv.compile({ type: 'object', properties: { value: schema } });
  }

  /** `fillsIn` says whether the schema may change the value; where it cannot, the value comes back as it is. */
  check(validate: ValidateFunction, value: Value, world: PlannedStages, fillsIn: boolean): Checked {
    const encoding = new Encoding();
    const holder = { value: encoding.encode(value) };
    this.#current = { encoding, world };
    if (validate(holder)) return { value: fillsIn ? encoding.decode(holder.value) : value };
    const errors = (validate.errors ?? []).map((error) => ({
      ...error,
      instancePath: error.instancePath.replace(/^\/value/, ''),
      data: encoding.decode(error.data),
    }));
    return { problems: schemaProblems(errors) };
  }

  #isInput(rule: InputRule, value: unknown, spot: Spot | undefined): boolean {
    if (!this.#current || !spot) return false;
    const { encoding, world } = this.#current;
    const isMany = rule.many === true || (rule.many === 'or-one' && Array.isArray(value));
    const items = isMany ? value : [value];
    if (!Array.isArray(items)) return false;
    const checked = items.map((item) =>
      checkReference(encoding.reference(item) ?? null, { ...rule, many: false }, world),
    );
    const references = checked.filter((item) => item instanceof CellReference).map((item) => encoding.mark(item));
    if (references.length < checked.length) return false;
    (spot.parentData as Record<string | number, unknown>)[spot.parentDataProperty] = isMany
      ? references
      : references[0];
    return true;
  }
}

let validator: Validator | undefined;

/** True when ajv may change a value of this schema: it fills defaults and outputs in. */
const fillsIn = (schema: ParamSchema): boolean =>
  /"(?:default|x-input)":/.test(JSON.stringify({ ...schema, default: undefined }));

/** Keywords that restrict nothing. */
const OPEN = new Set(['type', 'description', 'default', 'examples', 'x-unit']);

/** The one type that a schema asks for when it asks for nothing else. */
function onlyType(schema: ParamSchema): string | undefined {
  const isOpen = Object.keys(schema).every((keyword) => OPEN.has(keyword));
  return isOpen && typeof schema.type === 'string' ? schema.type : undefined;
}

/** True for a collection or text of that type: arguments of ten thousand commands need no more than this look. */
function isPlainly(type: string | undefined, value: Value): boolean {
  if (type === 'array') return isList(value);
  const isReference = value instanceof CellReference || value instanceof ReferenceText;
  if (type === 'object') return typeof value === 'object' && value !== null && !isList(value) && !isReference;
  return type === 'string' && (typeof value === 'string' || isReference);
}

/** Texts refer to no stages. */
const noStages = new PlannedStages({});

/** A whole number that is none exactly: where digits count, 1e30 is no number. */
function unsafe(schema: ParamSchema, value: Value): Checked | undefined {
  if (schema.type !== 'integer' || typeof value !== 'number' || !Number.isInteger(value)) return undefined;
  if (Number.isSafeInteger(value)) return undefined;
  return {
    problems: [
      {
        code: 'out-of-range',
        message: `got ${value}`,
        expected: `${expectation(schema)}, at most ${Number.MAX_SAFE_INTEGER}`,
        path: [],
      },
    ],
  };
}

/** Checks values of one parameter. Its validator is compiled when the first value comes. */
class Parameter {
  readonly schema: ParamSchema;
  readonly #synonyms: (value: Value) => Value;
  readonly #fillsIn: boolean;
  readonly #onlyType: string | undefined;
  /** Outcomes by value; a sweep gives the same few values to many cells. */
  readonly #known = new Map<Value, Checked>();
  #validate: ValidateFunction | undefined;

  constructor(schema: ParamSchema, catalogue: Catalogue) {
    this.schema = schema;
    this.#synonyms = synonymReader(schema, catalogue);
    this.#fillsIn = fillsIn(schema);
    this.#onlyType = onlyType(schema);
  }

  /** The name that a synonym stands for; a text of the environment as what the parameter takes. */
  meant(value: Value, variables: readonly Variable[]): Value {
    const own = this.#synonyms(value);
    if (typeof own !== 'string' || variables.length === 0 || this.schema['x-input'] !== undefined) return own;
    const checked = checkVariables(own, variables, (one) => this.#validated(one, noStages));
    return 'value' in checked ? checked.value : own;
  }

  check(written: Value, world: PlannedStages): Checked {
    const value = this.#synonyms(written);
    const rule = this.schema['x-input'];
    if (rule) return checkInput(value, rule, world);
    if (isPlainly(this.#onlyType, value)) return { value: withMainOutputs(value, world) };
    if (typeof value === 'object' && value !== null) return this.#validated(value, world);
    const known = this.#known.get(value);
    if (known) return known;
    const checked = unsafe(this.schema, value) ?? this.#validated(value, world);
    this.#known.set(value, checked);
    return checked;
  }

  #validated(value: Value, world: PlannedStages): Checked {
    validator ??= new Validator();
    this.#validate ??= validator.compile(this.schema);
    const checked = validator.check(this.#validate, value, world, this.#fillsIn);
    if ('problems' in checked) return checked;
    return { value: withMainOutputs(checked.value, world) };
  }
}

/** Checks the parameters of a kind, each by its own schema. */
export class KindParameters {
  readonly kind: StageKind;
  readonly #parameters: ReadonlyMap<string, Parameter>;
  readonly #plugins: ReturnType<typeof pluginSources>;

  constructor(kind: StageKind, catalogue: Catalogue) {
    const schemas = parameterSchema(kind, catalogue)['properties'] as Readonly<Record<string, ParamSchema>>;
    this.kind = kind;
    this.#plugins = pluginSources(catalogue);
    this.#parameters = new Map(
      Object.entries(schemas).map(([name, schema]) => [name, new Parameter(schema, catalogue)]),
    );
  }

  /** Names in the order of the kind's definition. */
  get names(): readonly string[] {
    return [...this.#parameters.keys()];
  }

  has(name: string): boolean {
    return this.#parameters.has(name);
  }

  /** The schema of a parameter; an empty one for an unknown name. */
  schemaOf(name: string): ParamSchema {
    return this.#parameters.get(name)?.schema ?? {};
  }

  /**
   * Plugins that a cell's parameters name.
   *
   * @param params - of the cell
   * @returns paths by name of the source; undefined where there are none
   */
  pluginsOf(params: ValueObject): Cell['plugins'] {
    const find = this.#plugins;
    const found = find && Object.entries(params).flatMap(([name, value]) => find(this.schemaOf(name), value));
    return found?.length ? Object.fromEntries(found) : undefined;
  }

  /** True when a parameter's value may be a list: then a list is a value of it, not a sweep. */
  takesList(name: string): boolean {
    const { type, anyOf, oneOf, 'x-input': input } = this.schemaOf(name);
    return /"array"|"many":true/.test(JSON.stringify([type, anyOf, oneOf, input]));
  }

  /**
   * Checks a value and fills in what it leaves open.
   *
   * @param name - a known parameter
   * @param value - its value
   * @param world - planned stages
   * @param variables - where texts of the environment stand in it, which are typed by the parameter
   * @returns the full value, or what is wrong
   */
  check(name: string, value: Value, world: PlannedStages, variables: readonly Variable[] = []): Checked {
    const parameter = this.#parameters.get(name);
    return parameter ? checkVariables(value, variables, (one) => parameter.check(one, world)) : { value };
  }

  /**
   * A value of an axis as cells are named by it: by the name that a synonym stands for, a text of the environment typed.
   *
   * @param name - of the axis
   * @param value - its value
   * @param variables - where texts of the environment stand in it
   * @returns the value; the same where there is nothing to change
   */
  meant(name: string, value: Value, variables: readonly Variable[] = []): Value {
    const parameter = this.#parameters.get(name);
    return parameter ? parameter.meant(value, variables) : value;
  }
}
