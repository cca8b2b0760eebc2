import { nameAdvice } from '../../util/text.ts';
import { namesWithin } from '../source/nested.ts';
import type { PipelineSpec, StageSpec } from './spec.ts';

/** What stands after a stage's name. */
export const SECTIONS: ReadonlySet<string> = new Set(['with', 'matrix', 'seeds']);

/** Gives the parameters that a stage of a kind has. */
type ParametersOf = (kind: string) => readonly string[];

const axesOf = ({ matrix }: StageSpec): readonly string[] => [
  ...(matrix?.axes.keys() ?? []),
  ...(matrix?.zip.keys() ?? []),
  ...(matrix?.include ?? []).flatMap(({ value }) => Object.keys(value)),
];

const writtenIn = ({ with: given }: StageSpec): readonly string[] =>
  [...given].flatMap(([name, { value }]) => namesWithin(name, value));

/** Names without a stage: params and what is in them, axes, parameters that are written. */
function bareNames({ params, stages, defaults }: PipelineSpec): readonly string[] {
  return [
    ...[...params].flatMap(([name, { value }]) => namesWithin(name, value)),
    ...[...stages.values()].flatMap((stage) => [...writtenIn(stage), ...axesOf(stage)]),
    ...[...defaults.values()].flatMap((ofKind) => [...ofKind.params.keys()]),
  ];
}

/** Names of a stage. */
function namesOf(stage: StageSpec, parametersOf: ParametersOf): readonly string[] {
  const { id, uses } = stage;
  return [
    ...[...writtenIn(stage), ...parametersOf(uses?.value ?? '')].map((name) => `${id}.with.${name}`),
    ...axesOf(stage).map((name) => `${id}.matrix.${name}`),
    `${id}.seeds`,
  ];
}

/**
 * The advice for a name that nothing has: those near it that can be overridden, or what is there where none is near.
 *
 * @param key - the name as typed
 * @param spec - the pipeline
 * @param parametersOf - gives the parameters that a stage of a kind has
 * @returns a sentence; undefined where nothing can be overridden
 */
export function overrideAdvice(key: string, spec: PipelineSpec, parametersOf: ParametersOf): string | undefined {
  const [, prefix = '', path = key] = /^(params\.)?(.*)$/.exec(key) ?? [];
  const [head = '', section = ''] = path.split('.');
  const param = spec.params.get(head);
  if (param && head !== path) {
    const [whole = head, ...inner] = namesWithin(head, param.value);
    return nameAdvice(
      key,
      (inner.length > 0 ? inner : [whole]).map((name) => `${prefix}${name}`),
    );
  }
  if (prefix !== '')
    return nameAdvice(
      key,
      [...spec.params.keys()].map((name) => `${prefix}${name}`),
    );
  const stage = spec.stages.get(head);
  if (stage && head !== path) return nameAdvice(key, namesOf(stage, parametersOf));
  if (!SECTIONS.has(section)) return nameAdvice(key, bareNames(spec));
  return nameAdvice(
    key,
    [...spec.stages.values()].flatMap((one) => namesOf(one, parametersOf)),
  );
}
