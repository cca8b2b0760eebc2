import type { Failure } from '../core/failure.ts';

/**
 * Says that a node cannot run tasks.
 *
 * @param lacking - its name, and what it lacks, in words
 * @returns the failure
 */
export const unfitNode = ({ node, what }: { readonly node: string; readonly what: string }): Failure => ({
  code: 'node-unfit',
  message: `node ${node} ${what}`,
  expected:
    'nodes that see the working folder, runs/ and kdpipe at the same paths as the machine that submits, and have Node.js',
  fix: 'mend that, or leave such nodes out: slurm: { options: [--exclude=…] }, or another partition',
});
