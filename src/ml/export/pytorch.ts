import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pythonOf } from '../engines/pytorch/create.ts';
import type { TrainedModel } from '../inference/trained-model.ts';
import { encodeTorchFile } from '../weights/encode-torch-file.ts';
import { tensorsOf } from '../weights/state-dict.ts';
import { lastWords, runProgram } from '../../util/run-program.ts';
import { channelsFirst } from '../inference/onnx/channels-first.ts';
import type { ExportFormat, Files, Images, Logits } from './export-format.ts';
import { torchProgram } from './pytorch/program.ts';

const WEIGHTS = 'model.pth';
const PROGRAM = 'model.py';

function files(model: TrainedModel): Files {
  const { network, state, batches } = model;
  return new Map<string, Uint8Array | string>([
    [WEIGHTS, encodeTorchFile(tensorsOf(network.parameters, state, batches))],
    [PROGRAM, torchProgram(model, WEIGHTS)],
  ]);
}

/** Shows the images in a file to the exported program, and prints what it says. */
const QUESTION = `
import json, sys
sys.path.insert(0, sys.argv[1])
import torch, model
network = model.load()
images = torch.frombuffer(bytearray(open(sys.argv[2], "rb").read()), dtype=torch.float32)
with torch.inference_mode():
    logits = network(images.view(-1, 3, model.IMAGE_SIZE, model.IMAGE_SIZE))
print(json.dumps({"torch": torch.__version__, "logits": logits.flatten().tolist()}))
`;

async function logits(folder: string, _model: TrainedModel, images: Images): Promise<Logits> {
  const python = pythonOf();
  const scratch = mkdtempSync(join(tmpdir(), 'kdpipe-export-'));
  try {
    const shown = join(scratch, 'images');
    writeFileSync(shown, channelsFirst(images));
    const { status, found, output, said } = await runProgram(python, ['-B', '-c', QUESTION, folder, shown]);
    if (!found) return { unavailable: `there is no ${python} (KDPIPE_PYTHON names a Python that has torch)` };
    if (status !== 0 && said.includes("No module named 'torch'"))
      return { unavailable: `${python} has no torch (KDPIPE_PYTHON names a Python that has it)` };
    if (status !== 0) throw new Error(`the exported program ended with ${status}: ${lastWords(said)}`);
    const answer = JSON.parse(output) as { readonly torch: string; readonly logits: readonly number[] };
    return { values: answer.logits, by: `PyTorch ${answer.torch}` };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** PyTorch, as one does by hand: weights and the program that reads them. */
export const pytorch: ExportFormat = {
  file: WEIGHTS,
  summary: `${WEIGHTS}, a state dict with torchvision's names, and ${PROGRAM}, which loads it, needs torch alone and says how pictures are shown to it`,
  files,
  logits,
};
