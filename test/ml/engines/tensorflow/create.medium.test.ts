import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { createEngine } from '../../../../src/ml/engines/create-engine.ts';
import { TensorFlowExecutor } from '../../../../src/ml/engines/tensorflow/executor.ts';
import type { Binding } from '../../../../src/ml/engines/tensorflow/binding.ts';
import { installedTensorFlow } from '../../../../src/ml/engines/tensorflow/installed.ts';
import { createTensorFlow } from '../../../../src/ml/engines/tensorflow/create.ts';
import { CONTROLS } from '../../../support/primitive.ts';

vi.mock('../../../../src/ml/engines/tensorflow/installed.ts');
const installed = vi.mocked(installedTensorFlow);
const folder = mkdtempSync(join(tmpdir(), 'kdpipe-test-'));

afterEach(() => vi.resetAllMocks());
afterAll(() => rmSync(folder, { recursive: true }));

describe('the tensorflow engine', () => {
  it('says why there is none', async () => {
    installed.mockReturnValue({ unavailable: 'it is not installed' });
    await expect(createEngine('tensorflow', { threads: 1 })).rejects.toThrow(
      'the tensorflow engine cannot run here: it is not installed',
    );
  });

  it('says why a module cannot be loaded', () => {
    const module = join(folder, 'tfjs_binding.node');
    writeFileSync(module, 'no module at all');
    installed.mockReturnValue({ module, version: '0', gpu: false });
    expect(createTensorFlow({ threads: 1 })).toMatchObject({
      unavailable: expect.stringMatching(/^TensorFlow’s module cannot be loaded: .*tfjs_binding\.node/),
    });
  });
});

describe('what TensorFlow refuses', () => {
  /** A module that answers every run with the same words. */
  function refusing(words: string): Binding {
    return {
      TF_Version: '0',
      isUsingGpuDevice: () => false,
      createTensor: () => 0,
      deleteTensor: () => undefined,
      tensorDataSync: () => new Float32Array(1),
      loadSavedModel: () => 0,
      deleteSavedModel: () => undefined,
      runSavedModel: () => {
        throw new Error(words);
      },
    };
  }

  function run(words: string): void {
    const executor = new TensorFlowExecutor(refusing(words), {});
    const region = executor.allocate(4);
    const zero = {
      primitive: 'zero',
      operands: { y: { space: 'parameter', offset: 0 } },
      numbers: { count: 4 },
    } as const;
    const sections = { forward: [zero], backward: [], update: [] };
    const program = { sizes: [], offsets: [], floats: 0, portFloats: 0, valueFloats: 0, sections, ports: {} };
    executor.compile(program, { parameter: region }).run('forward', CONTROLS);
  }

  it.each([
    [
      'Session fail to run with error: OOM when allocating tensor with shape[64,56]',
      'has no memory left: Session fail',
    ],
    [
      'Session fail to run with error: no kernel\nmore',
      'the tensorflow engine: Session fail to run with error: no kernel',
    ],
  ])('is said: %s', (words, expected) => {
    expect(() => run(words)).toThrow(expected);
  });
});
