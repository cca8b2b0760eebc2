/** A stage that was executed to its end. */
export interface Execution {
  readonly run: string;
  /** Mark of the processes that did it. */
  readonly by: string;
  /** The stage, its number, and what it read. */
  readonly identity: string;
}

/** What is known of a run besides what it executed. */
export interface RunFacts {
  /** Whether a signal struck it or one of its children. */
  readonly struck: boolean;
  /** Cells whose results it has recorded as committed, and as made while a source changed: the latter are not kept. */
  readonly finished: ReadonlySet<string>;
  readonly tainted: ReadonlySet<string>;
}

/**
 * Reads a ledger.
 *
 * @param text - a line for each execution: run, mark, identity
 * @returns executions, in the order in which they ended
 */
export const executionsIn = (text: string): readonly Execution[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [run = '', by = '', ...identity] = line.split(' ');
      return { run, by, identity: identity.join(' ') };
    });

/**
 * Finds stages that were executed to their end although their result stood, or whose result should stand and does not. One
 * that was executed by a run that was struck, or whose source changed meanwhile, may have been lost before its commit.
 *
 * @param executions - all
 * @param standing - by identity, the run that the committed result names
 * @param factsOf - what is known of the run that did one
 * @returns what is wrong, and how many executions were lost
 */
export function judgeOnce(
  executions: readonly Execution[],
  standing: ReadonlyMap<string, string>,
  factsOf: (execution: Execution) => RunFacts,
): { readonly twice: readonly string[]; readonly gone: readonly string[]; readonly lost: number } {
  const isLost = (execution: Execution): boolean => {
    const cell = execution.identity.split(' ')[0] ?? '';
    const { struck, finished, tainted } = factsOf(execution);
    return tainted.has(cell) || (struck && !finished.has(cell));
  };
  const kept = new Set<string>();
  const twice: string[] = [];
  const gone: string[] = [];
  let lost = 0;
  for (const execution of executions) {
    const { run, identity } = execution;
    const owner = standing.get(identity);
    if (owner === run && !kept.has(identity)) kept.add(identity);
    else if (isLost(execution)) lost++;
    else if (owner === undefined) gone.push(`${identity}, by run ${run}`);
    else twice.push(`${identity}, by run ${run}; kept of run ${owner}`);
  }
  return { twice, gone, lost };
}
