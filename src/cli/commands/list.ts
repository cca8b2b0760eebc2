import { availableParallelism } from 'node:os';
import { Argument, Command } from 'commander';
import type { JsonObject } from '../../core/json.ts';
import { catalogue } from '../../stages/catalogue.ts';
import { kindNamesOf } from '../../stages/kind-names.ts';
import { kinds } from '../../stages/registry.ts';
import type { StageKind } from '../../stages/stage-kind.ts';
import { engineText } from '../engine-text.ts';
import { examples, jsonOption } from '../options.ts';
import { columns, print, printJson } from '../terminal.ts';
import { threadsOption } from '../threads.ts';

interface ListFlags {
  readonly json?: boolean;
}

const count = new Intl.NumberFormat('en-US');

/** What a line of the list says of a registered name. */
function describeFacts(facts: JsonObject): string {
  const { parameters, summary, source } = facts;
  const size = typeof parameters === 'number' ? `${count.format(parameters)} parameters, ` : '';
  return `${size}${typeof summary === 'string' ? summary : typeof source === 'string' ? source : ''}`;
}

function factsOfKinds(): Readonly<Record<string, JsonObject>> {
  const entries = Object.entries<StageKind>(kinds);
  const { synonyms } = kindNamesOf(kinds);
  const facts: readonly (readonly [string, JsonObject])[] = [
    ...entries.map(([name, { summary, resultVersion }]) => [name, { summary, resultVersion }] as const),
    ...[...synonyms].map(([synonym, name]) => [synonym, { summary: `The same as ${name}.`, synonymOf: name }] as const),
  ];
  return Object.fromEntries(facts);
}

/** Engines, and what becomes of them on this machine: each is tried. */
async function listEngines(flags: ListFlags): Promise<void> {
  const { engineStates } = await import('../../ml/bench/engines.ts');
  const { threads = availableParallelism() } = threadsOption();
  const states = await engineStates(threads);
  if (flags.json) printJson(states);
  else print(columns(Object.entries(states).map(([name, state]) => [name, engineText(state), state.summary])));
}

/**
 * `kdpipe list`: the names that a pipeline file may use.
 *
 * @returns the commander command
 */
export function command(): Command {
  const registries = ['kinds', ...Object.keys(catalogue())];
  return new Command('list')
    .addArgument(new Argument('[registry]', 'what to list; without it, what there is to list').choices(registries))
    .addOption(jsonOption())
    .addHelpText('after', examples('kdpipe list', 'kdpipe list methods', 'kdpipe list engines'))
    .action(async (registry: string | undefined, flags: ListFlags) => {
      if (registry === undefined) {
        if (flags.json) printJson(registries);
        else print(columns(registries.map((name) => [name, `kdpipe list ${name}`])));
        return;
      }
      if (registry === 'engines') return listEngines(flags);
      const facts = registry === 'kinds' ? factsOfKinds() : (catalogue()[registry] ?? {});
      if (flags.json) printJson(facts);
      else print(columns(Object.entries(facts).map(([name, of]) => [name, describeFacts(of)])));
    });
}
