import { kdpipeProgram, kdpipeVersion } from '../util/package-root.ts';
import { shellWord } from '../util/shell-word.ts';

/** What a node says that cannot run a task: its name, and what it lacks. */
const complaint = /^kdpipe: node (\S+) (.+)$/m;

/** Lines of a shell script that find what a task needs, or say what its node lacks and end. `$node` is Node then. */
function findLines(cwd: string, hold: string): readonly string[] {
  return [
    `lacks() { echo "kdpipe: node $(hostname) $1" >&2; ${hold}exit 1; }`,
    `cd ${shellWord(cwd)} || lacks 'does not see the working folder: it has to lie on a disk that all nodes share'`,
    `[ -e ${shellWord(kdpipeProgram())} ] || lacks 'does not see kdpipe: install it where all nodes see it'`,
    `node=${shellWord(process.execPath)}`,
    '"$node" --version > /dev/null 2>&1 || node=node',
    `"$node" --version > /dev/null || lacks 'has no Node.js that runs there: install it, or load it first (slurm: { setup: … })'`,
  ];
}

/**
 * Lines of a shell script that start kdpipe on another machine, in the place of the shell: signals that a queue sends to the job
 * reach it.
 *
 * @param cwd - absolute path of the folder that it runs in
 * @param words - of its command line, quoted for the shell
 * @param hold - command that holds back what waits in the queue, for a node that lacks something; none by default
 * @returns the lines
 */
export const startLines = (cwd: string, words: string, hold?: string): readonly string[] => [
  ...findLines(cwd, hold === undefined ? '' : `${hold}; `),
  `exec "$node" ${shellWord(kdpipeProgram())} ${words}`,
];

/**
 * Lines of a shell script that say what a machine lacks to run tasks, and do nothing else.
 *
 * @param cwd - absolute path of the folder that tasks run in
 * @param shared - absolute path of a file that the machine has to see
 * @returns the lines; the script ends with 0 where nothing is lacking
 */
export const tryLines = (cwd: string, shared: string): readonly string[] => [
  ...findLines(cwd, ''),
  `[ -e ${shellWord(shared)} ] || lacks 'sees another runs/ than the machine that submits: it has to lie on a disk that they share'`,
  `version=$("$node" ${shellWord(kdpipeProgram())} --version) || lacks 'cannot start kdpipe'`,
  `[ "$version" = ${shellWord(kdpipeVersion())} ] || lacks "has kdpipe $version, and the machine that submits ${kdpipeVersion()}"`,
];

/**
 * Finds what a node has said that cannot run a task.
 *
 * @param said - what its script printed
 * @returns the node's name, and what it lacks
 */
export function complaintIn(said: string): { readonly node: string; readonly what: string } | undefined {
  const [, node, what] = complaint.exec(said) ?? [];
  return node === undefined || what === undefined ? undefined : { node, what };
}
