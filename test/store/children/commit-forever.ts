/** Commits results to the store at argv[2] without end, numbered from argv[3], and says each number when it is stored. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../../src/fingerprint/digest.ts';
import { openStore } from '../../../src/store/local.ts';

const [, , root = '', first = ''] = process.argv;
const store = openStore(root);
for (let number = Number(first); ; number++) {
  const key = sha256(`key of ${number}`);
  const lock = await store.lock(key, new AbortController().signal, () => undefined);
  const draft = await store.draft(key);
  mkdirSync(join(draft.path, 'curves'));
  writeFileSync(join(draft.path, 'out.txt'), `content ${number}`.repeat(number));
  writeFileSync(join(draft.path, 'curves/loss.csv'), `${number}\n`.repeat(1000));
  await draft.commit({
    ...{ key, cell: `cell-${number}`, kind: 'command', resultVersion: 1, params: {}, inputs: [], sources: [] },
    ...{ outputs: { out: 'out.txt', curves: 'curves' }, metrics: { number }, environment: {}, host: 'here' },
    ...{ versions: { kdpipe: '0', node: '20' }, commit: null, run: 'r', attempt: 1, started: 0, seconds: 0, tail: [] },
  });
  store.find(key);
  await lock.release();
  process.stdout.write(`${number}\n`);
}
