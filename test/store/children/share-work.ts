/** Makes the results 0 … argv[3] − 1 of the store at argv[2] that nobody has made, as a worker does; says which. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '../../../src/store/local.ts';
import { draftManifest, keyOf } from '../made.ts';

const [, , root = '', count = ''] = process.argv;
const store = openStore(root);
for (let number = 0; number < Number(count); number++) {
  const key = keyOf(number);
  const lock = await store.lock(key, new AbortController().signal, () => undefined);
  if (!store.find(key)) {
    const draft = await store.draft(key);
    writeFileSync(join(draft.path, 'out.txt'), `made by ${process.pid}`);
    await draft.commit(draftManifest(key));
    process.stdout.write(`${number}\n`);
  }
  await lock.release();
}
