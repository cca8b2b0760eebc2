import { existsSync, readdirSync, writeFileSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/local.ts';
import { sweepStore } from '../../src/store/sweep.ts';
import { temporaryPath } from '../../src/util/temporary-file.ts';
import { keyOf, temporaryFolder } from './stored.ts';

/** No process has this id: it is past the highest that Linux gives. */
const nobody = 2 ** 22 + 1;
const store = () => openStore(join(temporaryFolder(), '.store'));
const never = new AbortController().signal;

describe('sweepStore', () => {
  it('removes drafts whose maker is gone, with all that is in them, and leaves those that are being made', async () => {
    const at = store();
    const [dead, live] = [keyOf('dead'), keyOf('live')];
    const lock = await at.lock(live, never, () => undefined);
    const drafts = await Promise.all([at.draft(dead), at.draft(live)]);
    for (const { path } of drafts) writeFileSync(join(path, 'model.bin'), 'half');
    await sweepStore(at);
    expect(drafts.map(({ path }) => existsSync(path))).toEqual([false, true]);
    await lock.release();
    await sweepStore(at);
    expect(readdirSync(join(at.root, '.drafts'))).toEqual([]);
  });

  it('removes half-written checkpoints of killed processes, and leaves whole ones', async () => {
    const at = store();
    const scratch = await at.scratch(keyOf('a'));
    const half = basename(temporaryPath(join(scratch, 'last.safetensors'))).replace(`.${process.pid}-`, `.${nobody}-`);
    for (const name of ['last.safetensors', half]) writeFileSync(join(scratch, name), '');
    await sweepStore(at);
    expect(readdirSync(scratch)).toEqual(['last.safetensors']);
  });

  it('minds neither a store that is not there nor files in the place of its folders', async () => {
    const root = join(temporaryFolder(), '.store');
    await expect(sweepStore(openStore(root))).resolves.toBeUndefined();
    mkdirSync(root);
    for (const name of ['.drafts', '.locks', '.scratch', '.sources']) writeFileSync(join(root, name), '');
    await expect(sweepStore(openStore(root))).resolves.toBeUndefined();
  });
});
