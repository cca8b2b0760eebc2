import { fail } from '../core/failure.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { Digest, Key } from '../core/plan.ts';
import { canonical } from './canonical.ts';
import { sha256 } from './digest.ts';
import { mapValues } from './map-values.ts';

/** Bumped when the form of the key document changes: all keys change with it. */
const format = 1;

/** Something outside the parameters that belongs to the key, by its content. */
interface Content {
  readonly name: string;
  readonly digest: Digest;
}

/** Everything that a result depends on. A manifest has the same fields, so that it can be compared with a new plan. */
export interface Ingredients {
  readonly kind: string;
  readonly resultVersion: number;
  /** Full parameters; a reference is `{ "$input": name }` of one of the inputs. */
  readonly params: JsonObject;
  /** Names of parameters that change neither result nor key. */
  readonly unkeyed?: readonly string[];
  readonly inputs: readonly Content[];
  readonly sources: readonly Content[];
}

/** Digests by name. */
function byName(contents: readonly Content[]): ReadonlyMap<string, Digest> {
  const digests = new Map<string, Digest>();
  for (const { name, digest } of contents) {
    if (digests.has(name)) throw new Error(`two contents are called ${name}: one of them would miss in the key`);
    digests.set(name, digest);
  }
  return digests;
}

function digestOf(name: Json, digests: ReadonlyMap<string, Digest>): Digest {
  const digest = typeof name === 'string' ? digests.get(name) : undefined;
  if (digest !== undefined) return digest;
  return fail({
    code: 'reserved-name',
    message: `a parameter is the mapping { $input: ${JSON.stringify(name)} }, and no input has that name`,
    expected: 'a mapping without the name $input, which stands for results of other stages',
    fix: 'write ${stages.…} to read a result, or use another name',
  });
}

/** Puts contents where references stand. */
function resolveReferences(value: Json, digests: ReadonlyMap<string, Digest>): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (!isJsonObject(value)) return value.map((item) => resolveReferences(item, digests));
  const { $input: name } = value;
  if (name !== undefined) return { $input: digestOf(name, digests) };
  return mapValues(value, (item) => resolveReferences(item, digests));
}

/**
 * The document whose digest is the key: kind and its result version, keyed parameters with the contents of inputs in
 * place of references, contents of sources. Paths, host, time, slots and the names of stages and cells are not in it.
 *
 * @param ingredients - what the result depends on
 * @returns the document
 * @throws FailureError `reserved-name` where a parameter looks like a reference, but is none
 */
export function keyDocument(ingredients: Ingredients): JsonObject {
  const { kind, resultVersion, params, unkeyed = [], inputs, sources } = ingredients;
  const keyed = unkeyed.length
    ? Object.fromEntries(Object.entries(params).filter(([name]) => !unkeyed.includes(name)))
    : params;
  return {
    format,
    kind,
    resultVersion,
    params: resolveReferences(keyed, byName(inputs)),
    sources: Object.fromEntries(byName(sources)),
  };
}

/**
 * The key of a result: SHA-256 of the canonical text of its {@link keyDocument}. Equal ingredients give equal keys,
 * whatever the order in which names stand.
 *
 * @param ingredients - what the result depends on
 * @returns 64 lower-case hexadecimal digits
 * @throws FailureError `reserved-name` or `non-finite-number` where a parameter cannot be part of a key
 */
export function stageKey(ingredients: Ingredients): Key {
  return sha256(canonical(keyDocument(ingredients)));
}
