/** Takes the lock at argv[2], says so, and holds it until it is killed. */
import { basename, dirname } from 'node:path';
import { Locks } from '../../../src/store/lock.ts';

const [, , path = ''] = process.argv;
await new Locks(dirname(path)).lock(basename(path), new AbortController().signal, () => undefined);
process.stdout.write('held\n');
setInterval(() => undefined, 60_000);
