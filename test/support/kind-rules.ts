import type { JsonObject } from '../../src/core/json.ts';
import type { ValueObject } from '../../src/core/plan.ts';
import { catalogue } from '../../src/stages/catalogue.ts';
import type { ParamProblem, StageKind } from '../../src/stages/stage-kind.ts';
import { completedParams } from './stage-workshop.ts';

/** What a kind's rules say of these parameters, with the real catalogue; `upstream` are the referenced cells' parameters, all of one kind. */
export function problemsOf(
  kind: StageKind,
  params: JsonObject,
  upstream: Readonly<Record<string, ValueObject>> = {},
  upstreamKind = 'train-teacher',
): readonly ParamProblem[] {
  const check = kind.check ?? (() => []);
  return check(completedParams(kind, params), {
    upstream: (name) => (upstream[name] ? { kind: upstreamKind, params: upstream[name] } : undefined),
    given: (name) => name in params,
    facts: (registry, name) => catalogue()[registry]?.[name],
  });
}
