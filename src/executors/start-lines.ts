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
export const startLines = (cwd: string, words: string): readonly string[] => [
  `cd ${shellWord(cwd)} || exit`,
  `node=${shellWord(process.execPath)}`,
  '[ -x "$node" ] || node=node',
  `exec "$node" ${shellWord(kdpipeProgram())} ${words}`,
];
