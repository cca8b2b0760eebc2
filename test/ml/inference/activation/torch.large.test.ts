import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../../src/ml/engines/create-engine.ts';
import type { Engine } from '../../../../src/ml/engines/engine.ts';
import { pytorch } from '../../../../src/ml/export/pytorch.ts';
import { writeFiles } from '../../../../src/ml/export/write-files.ts';
import { channelsFirst } from '../../../../src/ml/inference/onnx/channels-first.ts';
import type { ModelName } from '../../../../src/ml/models/registry.ts';
import { runProgram } from '../../../../src/util/run-program.ts';
import { missing, python } from '../../../support/pytorch.ts';
import { largestDifference, modelOf, someImages } from '../../export/support/exported.ts';
import { look } from './look.ts';

const lacking = missing('torch');

/** The map that is averaged last, weighted by the sums of the gradient that autograd gives it. */
const QUESTION = `
import json, sys
sys.path.insert(0, sys.argv[1])
import torch, model
maps, mean = [], torch.Tensor.mean
def watched(x, *args, **kwargs):
    maps.append(x)
    return mean(x, *args, **kwargs)
torch.Tensor.mean = watched
network = model.load()
images = torch.frombuffer(bytearray(open(sys.argv[2], "rb").read()), dtype=torch.float32)
logits = network(images.view(1, 3, model.IMAGE_SIZE, model.IMAGE_SIZE))
found = []
for logit in logits[0]:
    slopes, = torch.autograd.grad(logit, maps[-1], retain_graph=True)
    found += (slopes.sum((2, 3), keepdim=True) * maps[-1]).sum(1).flatten().tolist()
print(json.dumps(found))
`;

describe.skipIf(lacking)(`class activation maps beside PyTorch ${lacking ?? ''}`, () => {
  let engine: Engine;
  let folder: string;
  beforeAll(async () => {
    engine = await createEngine('wasm', { threads: 1 });
    folder = mkdtempSync(join(tmpdir(), 'kdpipe-cam-'));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await engine.dispose();
  });

  it.each<ModelName>([
    ...(['convnet8', 'resnet8', 'resnet18', 'wrn_16_2', 'vgg8_bn', 'mobile_half', 'mobilenetv2'] as const),
    ...(['shuffle_v1', 'shuffle_v2', 'shufflenet_v2_x0_5', 'ghostnet', 'efficientnet_v2_s'] as const),
  ])('of %s, for every class, are those of autograd', async (name) => {
    const model = modelOf(name);
    const image = someImages(model, 1);
    writeFiles(folder, pytorch.files(model));
    const shown = join(folder, 'image');
    writeFileSync(shown, channelsFirst(image));
    const { status, output, said } = await runProgram(python, ['-B', '-c', QUESTION, folder, shown]);
    expect(status, said).toBe(0);

    const ours = look(engine, model).maps.flatMap((map) => [...map]);
    expect(largestDifference(ours, JSON.parse(output) as readonly number[])).toBeLessThan(1e-4);
  });
});
