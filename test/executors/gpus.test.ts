import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findGpus } from '../../src/executors/gpus.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kdpipe-gpus-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** An environment whose `nvidia-smi` is this shell script. */
function withDriver(script: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  writeFileSync(join(folder, 'nvidia-smi'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { PATH: [folder, process.env['PATH']].join(delimiter), ...more };
}
const two = '[ "$*" = "--query-gpu=index --format=csv,noheader" ] && printf "0\\n1\\n"';

describe('the GPUs of a machine', () => {
  it('are those that nvidia-smi lists', async () => {
    expect(await findGpus(withDriver(two))).toEqual(['0', '1']);
  });

  it.each([
    ['fails', 'echo "NVIDIA-SMI has failed because it could not communicate with the driver"; exit 9'],
    ['finds none', 'echo "No devices were found"'],
  ])('are none where it %s', async (_what, script) => {
    expect(await findGpus(withDriver(script))).toEqual([]);
  });

  it('are none where there is no such program', async () => {
    expect(await findGpus({ PATH: folder })).toEqual([]);
  });

  it.each([
    ['2,0', ['2', '0']],
    ['GPU-8f3, MIG-1a/7', ['GPU-8f3', 'MIG-1a/7']],
    ['', []],
    ['-1', []],
    ['1,-1,0', ['1']],
    ['NoDevFiles', []],
    ['1,1', ['1']],
  ])('are those that CUDA sees where CUDA_VISIBLE_DEVICES is %j', async (visible, expected) => {
    expect(await findGpus(withDriver(two, { CUDA_VISIBLE_DEVICES: visible }))).toEqual(expected);
  });

  it.each([
    ['3', ['3']],
    [' 1, 0 ', ['1', '0']],
    ['', []],
  ])('are those of KDPIPE_GPUS before all, here %j', async (wanted, expected) => {
    const environment = withDriver(two, { CUDA_VISIBLE_DEVICES: '0', KDPIPE_GPUS: wanted });
    expect(await findGpus(environment)).toEqual(expected);
  });

  it.each(['all', '0,,1', '0,0', '-1', '1.5'])('are not to be told from KDPIPE_GPUS=%s', async (wanted) => {
    const problem = findGpus({ KDPIPE_GPUS: wanted });
    await expect(problem).rejects.toMatchObject({
      failures: [{ code: 'bad-environment', message: `KDPIPE_GPUS is ${JSON.stringify(wanted)}` }],
    });
  });
});
