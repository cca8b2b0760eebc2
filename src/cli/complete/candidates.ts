import type { Command } from 'commander';
import type { Plan } from '../../core/plan.ts';
import { openProject } from '../../project/project.ts';
import { pipelinesIn } from '../../project/recent.ts';
import { latestRuns } from '../../project/results.ts';
import { listRuns } from '../../record/past-runs.ts';
import { catalogue } from '../../stages/catalogue.ts';
import { kindNamesOf } from '../../stages/kind-names.ts';
import { kinds } from '../../stages/registry.ts';
import { commands, type CommandEntry } from '../registry.ts';
import { enterWorkspace } from '../workspace.ts';

/** The plans of the latest run of each pipeline: names of stages and cells without planning anything. */
function latestPlans(): readonly Plan[] {
  return latestRuns(openProject()).map(({ plan }) => plan);
}

/** Stages that begin as the word does; where that is one, or a bracket is typed, its cells. */
function cells(word: string): readonly string[] {
  const all = latestPlans().flatMap((plan) => plan.cells);
  const stages = [...new Set(all.map(({ stage }) => stage))].filter((stage) => stage.startsWith(word));
  if (stages.length > 1) return stages;
  return [...stages, ...new Set(all.map(({ id }) => id))];
}

const namesOf = (registry: string): readonly string[] => Object.keys(catalogue()[registry] ?? {});

function runs(): readonly string[] {
  const { runsFolder } = openProject();
  const pipelines = pipelinesIn(runsFolder);
  return [...pipelines, ...pipelines.flatMap((pipeline) => listRuns(runsFolder, pipeline))];
}

/** Names that are listed after others, between commas: what is typed before the last comma is kept. */
function several(names: readonly string[]): (word: string) => readonly string[] {
  return (word) => {
    const before = word.slice(0, word.lastIndexOf(',') + 1);
    return names.map((name) => before + name);
  };
}

type Candidates = (word: string) => readonly string[];

/** What the arguments of commands may be; files where nothing stands here. */
const ofArguments: Readonly<Record<string, Candidates>> = {
  why: cells,
  logs: cells,
  path: cells,
  push: cells,
  show: (word) => [...cells(word), ...kindNamesOf(kinds).all, ...Object.keys(catalogue()).flatMap(namesOf)],
  status: runs,
  sync: runs,
  history: cells,
  compare: (word) => [...runs(), ...cells(word)],
  list: () => ['kinds', ...Object.keys(catalogue())],
  bench: () => namesOf('models'),
  completion: () => ['bash', 'zsh', 'fish'],
};

/** The metrics that tables of the latest runs show. */
const metrics = (): readonly string[] =>
  latestPlans().flatMap(({ tables }) => tables.flatMap(({ columns }) => columns));

/** What the values of options may be, beside those that are declared. */
const ofOptions: Readonly<Record<string, Candidates>> = {
  '--only': cells,
  '--from': cells,
  '--to': cells,
  '--force': cells,
  '--among': cells,
  '--by': metrics,
  '--metric': metrics,
  '--run': runs,
  '--teacher': () => namesOf('models'),
  '--student': (word) => several(namesOf('models'))(word),
  '--method': (word) => several(namesOf('methods'))(word),
};

/** The option that a word stands after, where it takes a value. */
function optionBefore(command: Command, word: string | undefined) {
  if (word === undefined) return undefined;
  return command.options.find(
    (option) => (option.long === word || option.short === word) && (option.required || option.optional),
  );
}

/** All that could stand in the place of the last word. */
async function all(words: readonly string[]): Promise<readonly string[]> {
  const [name = '', ...rest] = words;
  if (rest.length === 0) return Object.keys(commands);
  const entry = Object.entries<CommandEntry>(commands).find(([known]) => known === name)?.[1];
  if (!entry) return [];
  if (!entry.anywhere) enterWorkspace();
  const command = (await entry.load()).command();
  const word = rest.at(-1) ?? '';
  const option = optionBefore(command, rest.at(-2));
  if (option) return option.argChoices ?? ofOptions[option.long ?? '']?.(word) ?? [];
  if (word.startsWith('-')) return [...command.options.flatMap(({ long }) => long ?? []), '--help'];
  return ofArguments[name]?.(word) ?? [];
}

/**
 * What a shell may complete the last word of a command line to.
 *
 * @param words - those after `kdpipe`, the last one as far as it is typed
 * @returns candidates; none where files are meant, and where nothing is known
 */
export async function candidates(words: readonly string[]): Promise<readonly string[]> {
  const word = words.at(-1) ?? '';
  try {
    return (await all(words)).filter((candidate) => candidate.startsWith(word));
  } catch {
    // A shell that completes a word is no place for messages.
    return [];
  }
}
