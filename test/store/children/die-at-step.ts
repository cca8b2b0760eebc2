/**
 * Commits a result with content argv[3] to the store at argv[2], and dies at its argv[4]th change of the disk: before
 * it, or, of a file that is written, in the middle of it. Says how many changes there were when it gets to the end.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

const [, , root = '', content = '', death = ''] = process.argv;
let steps = 0;
/** What loads this program changes the disk too. */
let watching = false;

/** Makes a function of a module count as a change of the disk. */
function watch(module: object, name: string): void {
  const functions = module as Record<string, (...values: unknown[]) => unknown>;
  const original = functions[name];
  if (!original) throw new Error(`there is no ${name}`);
  functions[name] = (...values) => {
    if (watching && ++steps === Number(death)) {
      const [path, text] = values;
      try {
        if (name === 'writeFileSync' && typeof text === 'string') original(path, text.slice(0, text.length / 2));
      } finally {
        process.kill(process.pid, 'SIGKILL');
      }
    }
    return original.apply(module, values);
  };
}
const changes = ['mkdirSync', 'renameSync', 'writeFileSync', 'appendFileSync', 'fsync', 'fsyncSync', 'chmodSync'];
for (const name of [...changes, 'linkSync', 'symlinkSync', 'unlinkSync', 'rmSync']) watch(fs, name);
for (const name of ['mkdir', 'rm']) watch(fs.promises, name);
syncBuiltinESMExports();

const { openStore } = await import('../../../src/store/local.ts');
const { draftManifest, keyOf } = await import('../made.ts');
const store = openStore(root);
const key = keyOf('student');
watching = true;
const lock = await store.lock(key, new AbortController().signal, () => undefined);
const draft = await store.draft(key);
fs.mkdirSync(join(draft.path, 'curves'));
fs.writeFileSync(join(draft.path, 'out.txt'), content);
fs.writeFileSync(join(draft.path, 'curves/loss.csv'), content.repeat(100));
await draft.commit(draftManifest(key, { outputs: { out: 'out.txt', curves: 'curves' }, metrics: { content } }));
await lock.release();
watching = false;
process.stdout.write(`${steps}\n`);
