import type { JobRequest } from '../../core/array-job.ts';
import type { Resources } from '../../core/plan.ts';
import type { RetryCause } from '../../record/arrays.ts';
import { pluralize } from '../../util/text.ts';

/** How often a cell is submitted again for one cause, its own lost time left out: that goes on while there is progress. */
export const mostRetries = 3;

/** A cell whose task was lost. */
export interface Loss {
  /** How the task ended, in the queue's words; empty where it does not know it any more. */
  readonly word: string;
  /** What it had asked for. */
  readonly request: JobRequest;
  /** Why the cell was submitted again before. */
  readonly before: readonly RetryCause[];
  /** Whether it has got further than where it began, and has saved that. */
  readonly hasSaved: boolean;
}

/** How a lost cell goes on. */
export interface Retry {
  readonly cause: RetryCause;
  readonly resources: Resources;
  /** For the user: `it goes back into the queue, with 8000 MiB (retry 1 of at most 3)`. */
  readonly text: string;
}

/**
 * What each word means for the next try. Slurm starts most such jobs again itself; these it has given up. A job that it does not
 * know any more (no word) was lost with a controller that died, or ended long ago.
 */
const causes: Readonly<Record<string, Exclude<RetryCause, 'need'>>> = {
  '': 'node',
  NODE_FAIL: 'node',
  BOOT_FAIL: 'node',
  LAUNCH_FAILED: 'node',
  RECONFIG_FAIL: 'node',
  PREEMPTED: 'node',
  OUT_OF_MEMORY: 'memory',
  TIMEOUT: 'time',
};

/** What the next try asks for: twice the memory, where it is known how much was too little. */
function moreMemory({ resources, settings }: JobRequest): Resources | undefined {
  // Options of the user win over what is asked for.
  const isFixed = settings.options?.some((option) => option.startsWith('--mem')) ?? false;
  return resources.memory > 0 && !isFixed ? { ...resources, memory: resources.memory * 2 } : undefined;
}

/**
 * Decides whether a cell goes on whose task was lost.
 *
 * @param loss - how it was lost, and what went before
 * @returns how it goes on; undefined where it has failed
 */
export function retryOf(loss: Loss): Retry | undefined {
  const { word, request, before, hasSaved } = loss;
  const cause = causes[word];
  if (!cause) return undefined;
  const tries = before.filter((other) => other === cause).length;
  const back = 'it goes back into the queue';
  if (cause === 'time')
    return hasSaved ? { cause, resources: request.resources, text: `${back}, from what it has saved` } : undefined;
  const resources = cause === 'memory' ? moreMemory(request) : request.resources;
  if (!resources || tries >= mostRetries) return undefined;
  const more = cause === 'memory' ? `, with ${resources.memory} MiB` : '';
  return { cause, resources, text: `${back}${more} (retry ${tries + 1} of at most ${mostRetries})` };
}

/**
 * Says how often a cell was tried again that has failed.
 *
 * @param tries - how often
 * @returns text to stand behind a message; empty where it was tried once
 */
export const triesText = (tries: number): string =>
  tries === 0 ? '' : `, after ${pluralize(tries, 'further attempt')}`;
