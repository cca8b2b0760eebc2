import { kdpipeProgram } from '../util/package-root.ts';
import { shellWord } from '../util/shell-word.ts';

/**
 * Lines of a shell script that start kdpipe on another machine, in the place of the shell: signals that a queue sends to the job
 * reach it.
 *
 * @param cwd - absolute path of the folder that it runs in
 * @param words - of its command line, quoted for the shell
 * @returns the lines
 */
export const startLines = (cwd: string, words: string): readonly string[] => {
  const program = shellWord(kdpipeProgram());
  return [
    'lacks() { echo "kdpipe: node $(hostname) $1" >&2; exit 1; }',
    `cd ${shellWord(cwd)} || lacks 'does not see the working folder: it has to lie on a disk that all nodes share'`,
    `[ -e ${program} ] || lacks 'does not see kdpipe: install it where all nodes see it'`,
    `node=${shellWord(process.execPath)}`,
    '"$node" --version > /dev/null 2>&1 || node=node',
    `"$node" --version > /dev/null || lacks 'has no Node.js that runs there: install it, or load it first (slurm: { setup: … })'`,
    `exec "$node" ${program} ${words}`,
  ];
};
