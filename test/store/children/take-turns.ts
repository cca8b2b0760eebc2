/**
 * Takes the lock at argv[2] argv[3] times. Each time it makes a file that must not exist, which only one may do at a
 * time, appends a line to `turns`, and removes the file. Dies inside of its argv[4]th turn, if told.
 */
import { appendFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { Locks } from '../../../src/store/lock.ts';

const [, , path = '', turns = '', death] = process.argv;
const locks = new Locks(dirname(path));
for (let turn = 1; turn <= Number(turns); turn++) {
  const lock = await locks.lock(basename(path), new AbortController().signal, () => undefined);
  writeFileSync(`${path}.inside`, '', { flag: 'wx' });
  appendFileSync(`${path}.turns`, `${process.pid}\n`);
  unlinkSync(`${path}.inside`);
  if (turn === Number(death)) process.kill(process.pid, 'SIGKILL');
  await lock.release();
}
