import type { JsonObject } from '../../core/json.ts';
import { ownValue } from '../../core/own.ts';
import type { SinkPlan } from '../../core/plan.ts';
import { sinks } from '../../sinks/registry.ts';
import type { Sink } from '../../sinks/sink.ts';
import { withNameAdvice } from '../../util/text.ts';
import type { Located } from '../source/location.ts';
import { plainText } from './plain-text.ts';
import type { Shape } from './shape.ts';

function readSink(written: Located<JsonObject>, shape: Shape): SinkPlan | undefined {
  const fields = shape.fields(written, 'a sink', ['uses', 'with']);
  shape.required(fields, { what: 'a sink', location: written.location, keys: ['uses'] });
  const uses = shape.text(fields.get('uses'), 'uses');
  if (!uses) return undefined;
  const sink = ownValue<Sink>(sinks, uses.value);
  if (!sink) {
    const message = `there is no sink ${JSON.stringify(uses.value)}`;
    const problem = { code: 'unknown-sink', message, location: uses.location };
    shape.problems.add(withNameAdvice(problem, uses.value, Object.keys(sinks)));
    return undefined;
  }
  const expected =
    'plain text; an address or a name may come from the environment instead, where the setting is left out';
  const settings = shape.fields(fields.get('with'), `sink ${uses.value}`, Object.keys(sink.settings));
  const given = [...settings].flatMap(([name, value]) => {
    const text = plainText(value, { what: `${name} of sink ${uses.value}`, expected }, shape);
    return text === undefined ? [] : [[name, text] as const];
  });
  return { uses: uses.value, with: Object.fromEntries(given) };
}

/**
 * Reads which tools results go to.
 *
 * @param written - the list `sinks` of a pipeline
 * @param shape - takes what is wrong
 * @returns those that are there, with their settings
 */
export function readSinks(written: Located | undefined, shape: Shape): readonly SinkPlan[] {
  return shape.mappings(written, 'sinks').flatMap((item) => readSink(item, shape) ?? []);
}
