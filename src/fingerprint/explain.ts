import { isJsonObject, type Json } from '../core/json.ts';
import type { Digest } from '../core/plan.ts';
import { ownValue } from '../core/own.ts';
import { byCodeUnits } from '../util/text.ts';
import { differingParts } from '../util/differing-part.ts';
import { truncate } from '../util/display-width.ts';
import { canonical } from './canonical.ts';
import type { Ingredients } from './stage.ts';

/** Most columns of a value in a reason. */
const longestValue = 60;

const shown = (value: Json): string => truncate(JSON.stringify(value), longestValue);

/** Shows two values; of long texts the part from just before their first difference on. */
function shownPair(before: Json, after: Json): string {
  if (typeof before !== 'string' || typeof after !== 'string') return `${shown(before)} → ${shown(after)}`;
  return differingParts(before, after, longestValue).map(shown).join(' → ');
}

const isReference = (value: Json): boolean => isJsonObject(value) && value['$input'] !== undefined;

/** References are compared as inputs, not as parameters. */
const present = (value: Json | undefined): value is Json => value !== undefined && !isReference(value);

/** Names of both sides, each once, sorted. */
const namesOf = (...sides: readonly object[]): readonly string[] =>
  [...new Set(sides.flatMap((side) => Object.keys(side)))].sort(byCodeUnits);

/** Leaves of the parameters that differ. */
function changedLeaves(before: Json | undefined, after: Json | undefined, place: string): readonly string[] {
  if (!present(before)) return present(after) ? [`${place} added ${shown(after)}`] : [];
  if (!present(after)) return [`${place} removed (was ${shown(before)})`];
  if (isJsonObject(before) && isJsonObject(after))
    return namesOf(before, after).flatMap((name) =>
      changedLeaves(ownValue(before, name), ownValue(after, name), `${place}.${name}`),
    );
  if (Array.isArray(before) && Array.isArray(after)) {
    const [old, now] = [before as readonly Json[], after as readonly Json[]];
    const places = Array.from({ length: Math.max(old.length, now.length) }, (_, at) => at);
    return places.flatMap((at) => changedLeaves(old[at], now[at], `${place}.${at}`));
  }
  return canonical(before) === canonical(after) ? [] : [`${place} ${shownPair(before, after)}`];
}

/** Says what differs between two contents, by their digests; an empty text where that is not known. */
export type SayChanges = (before: Digest, after: Digest) => string;

/** Inputs or sources that came, went or have another content. */
function changedContents(
  before: Ingredients['inputs'],
  after: Ingredients['inputs'],
  place: string,
  sayChanges: SayChanges = () => '',
): readonly string[] {
  const [old, now] = [before, after].map((side) => new Map(side.map(({ name, digest }) => [name, digest])));
  const changed: string[] = [];
  for (const name of [...new Set([...before, ...after].map((content) => content.name))].sort(byCodeUnits)) {
    const [was, is] = [old?.get(name), now?.get(name)];
    if (was === is) continue;
    const said = was === undefined || is === undefined ? '' : sayChanges(was, is);
    const how = was === undefined ? 'added' : is === undefined ? 'removed' : 'changed';
    changed.push(`${place}.${name} ${how}${said && `: ${said}`}`);
  }
  return changed;
}

function changedKind(before: Ingredients, after: Ingredients): readonly string[] {
  if (before.kind !== after.kind) return [`kind ${before.kind} → ${after.kind}`];
  if (before.resultVersion === after.resultVersion) return [];
  return [`kind version ${before.resultVersion} → ${after.resultVersion}`];
}

/**
 * Says why a result has another key than an earlier one: one line a leaf that differs, e.g. `params.lr 0.0001 → 0.0003`,
 * `params.ema added true`, `inputs.data changed`, `sources.inputs.code changed: edited train.py`, `kind version 1 → 2`.
 *
 * @param previous - what the earlier result was made of: its manifest; undefined when there was none
 * @param current - what the new one is made of; parameters that it names as unkeyed are not compared
 * @param sayChanges - says what differs between two contents of a source
 * @returns the reasons, kind first, then parameters, inputs and sources by name; `first run` without an earlier result,
 *   empty when nothing differs
 */
export function explain(
  previous: Ingredients | undefined,
  current: Ingredients,
  sayChanges?: SayChanges,
): readonly string[] {
  if (!previous) return ['first run'];
  const unkeyed = new Set(current.unkeyed);
  return [
    ...changedKind(previous, current),
    ...namesOf(previous.params, current.params)
      .filter((name) => !unkeyed.has(name))
      .flatMap((name) =>
        changedLeaves(ownValue(previous.params, name), ownValue(current.params, name), `params.${name}`),
      ),
    ...changedContents(previous.inputs, current.inputs, 'inputs'),
    ...changedContents(previous.sources, current.sources, 'sources', sayChanges),
  ];
}
