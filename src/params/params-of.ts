import type { Json, JsonObject } from '../core/json.ts';

/** `batch_size` as TypeScript writes it: `batchSize`. */
export type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

interface Primitives {
  readonly integer: number;
  readonly number: number;
  readonly boolean: boolean;
  readonly string: string;
  readonly null: null;
}

type Items<Schema, Names> = Schema extends { readonly items: infer Each }
  ? Each extends readonly unknown[]
    ? { readonly [Index in keyof Each]: ValueOf<Each[Index], Names> }
    : Schema extends { readonly minItems: 3; readonly maxItems: 3 }
      ? readonly [ValueOf<Each, Names>, ValueOf<Each, Names>, ValueOf<Each, Names>]
      : readonly ValueOf<Each, Names>[]
  : readonly Json[];

type Properties<Schema, Names> = Schema extends { readonly properties: infer Each }
  ? Values<Each, Schema extends { readonly required: readonly (infer Name)[] } ? Name : never, Names> & JsonObject
  : JsonObject;

type OfType<Type, Schema, Names> = Type extends keyof Primitives
  ? Primitives[Type]
  : Type extends 'array'
    ? Items<Schema, Names>
    : Type extends 'object'
      ? Properties<Schema, Names>
      : never;

type ListedIn<Schema> = Schema extends { readonly enum: readonly (infer Value)[] } ? Value : never;

/** What a value is that its schema, written `as const`, has let through. */
export type ValueOf<Schema, Names = unknown> = Schema extends { readonly 'x-registry': infer Registry }
  ? (Registry extends keyof Names ? Names[Registry] : string) | ListedIn<Schema>
  : Schema extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : Schema extends { readonly anyOf: readonly (infer Option)[] }
      ? Option extends unknown
        ? ValueOf<Option, Names>
        : never
      : Schema extends { readonly type: infer Type }
        ? OfType<Type extends readonly (infer Each)[] ? Each : Type, Schema, Names>
        : Json;

/** Names whose value is there: they are required, or have a default. References are inputs of a stage, and no values. */
type PresentName<Schemas, Required> = {
  [Name in keyof Schemas]: Schemas[Name] extends { readonly 'x-input': unknown }
    ? never
    : Schemas[Name] extends { readonly default: unknown }
      ? Name
      : Name extends Required
        ? Name
        : never;
}[keyof Schemas];

type AbsentName<Schemas, Required> = Exclude<
  { [Name in keyof Schemas]: Schemas[Name] extends { readonly 'x-input': unknown } ? never : Name }[keyof Schemas],
  PresentName<Schemas, Required>
>;

/** Parameters under the names of the YAML file. */
export type Values<Schemas, Required, Names = unknown> = {
  readonly [Name in PresentName<Schemas, Required>]: ValueOf<Schemas[Name], Names>;
} & {
  readonly [Name in AbsentName<Schemas, Required>]?: ValueOf<Schemas[Name], Names>;
};

type CamelCased<Snake> = {
  readonly [Name in keyof Snake as Name extends string ? CamelCase<Name> : never]: Snake[Name];
};

/**
 * Parameters of a stage as its code reads them, derived from their schemas (written `as const`): names in camel case,
 * enums as unions, names of registries as `Names` says. What is neither required nor has a default may be undefined.
 */
export type ParamsOf<Schemas, Required = never, Names = unknown> = CamelCased<Values<Schemas, Required, Names>>;
