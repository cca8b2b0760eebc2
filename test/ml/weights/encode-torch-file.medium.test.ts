import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeTorchFile } from '../../../src/ml/weights/encode-torch-file.ts';
import { FileTensor, type StoredTensor } from '../../../src/ml/weights/tensor-file.ts';
import { openTorchFile } from '../../../src/ml/weights/torch-file.ts';
import { missing, python } from '../../support/pytorch.ts';

const tensors = new Map<string, StoredTensor>([
  ['layer1.0.conv1.weight', { dtype: 'F32', shape: [2, 1, 1, 3], values: Float32Array.of(1, -2, 3.5, 1e-40, 5, 6e30) }],
  ['bn.num_batches_tracked', { dtype: 'I64', shape: [], values: BigInt64Array.of(2n ** 40n) }],
  ['prénom', { dtype: 'F32', shape: [300], values: new Float32Array(300).map((_, at) => at) }],
]);

describe('a file of PyTorch that we write', () => {
  it('is read as it was, by our own reader', () => {
    const { content } = openTorchFile(encodeTorchFile(tensors), 'ours.pth');
    const read = [...content].map(([name, value]) => [name, value instanceof FileTensor && value.read(String(name))]);
    expect(read).toEqual([...tensors]);
  });

  it('has the same bytes whenever it is written', () => {
    expect(encodeTorchFile(tensors)).toEqual(encodeTorchFile(new Map(tensors)));
  });

  const lacking = missing('torch');
  it.skipIf(lacking)(`is read by torch.load with weights_only ${lacking ?? ''}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'kdpipe-'));
    try {
      const file = join(folder, 'ours.pth');
      writeFileSync(file, encodeTorchFile(tensors));
      const lines = [
        'import json, sys, torch',
        'state = torch.load(sys.argv[1], weights_only=True)',
        'print(json.dumps([[n, str(t.dtype), list(t.shape), t.flatten().tolist()] for n, t in state.items()]))',
      ];
      const { stdout, stderr } = spawnSync(python, ['-c', lines.join('\n'), file], { encoding: 'utf8' });
      const types = { F32: 'torch.float32', I64: 'torch.int64' };
      const rows = [...tensors].map(([name, { dtype, shape, values }]) => [
        name,
        types[dtype],
        shape,
        Array.from<number | bigint, number>(values, Number),
      ]);
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toEqual(rows);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
