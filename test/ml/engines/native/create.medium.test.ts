import { afterEach, describe, expect, it, vi } from 'vitest';
import { createEngine } from '../../../../src/ml/engines/create-engine.ts';
import { createNative } from '../../../../src/ml/engines/native/create.ts';
import { loadLibrary } from '../../../../src/ml/engines/native/library.ts';
import { models } from '../../../../src/ml/models/registry.ts';
import { onRisk } from '../../../../src/util/risk.ts';
import { nativeKernels } from '../../../support/native.ts';

const isHere = !('unavailable' in loadLibrary());
afterEach(() => {
  vi.unstubAllEnvs();
});

describe('createNative', () => {
  it('stays away where it is told to, and auto takes wasm', async () => {
    vi.stubEnv('KDPIPE_NATIVE', 'off');
    expect(createNative({ threads: 1 })).toEqual({ unavailable: 'KDPIPE_NATIVE is off' });
    const engine = await createEngine('auto', { threads: 1 });
    expect(engine.name).toBe('wasm');
    await engine.dispose();
    await expect(createEngine('native', { threads: 1 })).rejects.toThrow(
      'the native engine cannot run here: KDPIPE_NATIVE is off',
    );
  });

  it.runIf(isHere)('runs the kernels that KDPIPE_NATIVE names', async () => {
    for (const kernels of nativeKernels()) {
      vi.stubEnv('KDPIPE_NATIVE', kernels);
      const engine = await createEngine('native', { threads: 1 });
      expect(engine.description).toMatchObject({ kernels });
      await engine.dispose();
    }
    vi.stubEnv('KDPIPE_NATIVE', 'sse');
    expect(createNative({ threads: 1 })).toEqual({
      unavailable: `KDPIPE_NATIVE is "sse", and this processor can run ${nativeKernels().join(', ')}`,
    });
  });

  it.runIf(isHere)('is what auto takes, and says what it risks before', async () => {
    const risks: string[] = [];
    onRisk(({ name, without }) => risks.push(`${name} ${JSON.stringify(without)}`));
    const engine = await createEngine('auto', { threads: 1 });
    expect(engine.name).toBe('native');
    expect(risks).toEqual(['the native engine {"KDPIPE_NATIVE":"off"}']);
    await engine.dispose();
  });

  it.runIf(isHere)('takes no more memory than KDPIPE_MEMORY allows', async () => {
    vi.stubEnv('KDPIPE_MEMORY', '64');
    const engine = await createEngine('native', { threads: 1 });
    const network = models.resnet50.build({ height: 64, width: 64, channels: 3 }, 10);
    expect(() => engine.session(network, { optimizer: null, threads: 1 })).toThrow('the native engine has no');
    await engine.dispose();
    vi.stubEnv('KDPIPE_MEMORY', 'much');
    await expect(createEngine('native', { threads: 1 })).rejects.toThrow('KDPIPE_MEMORY is "much"');
  });
});
