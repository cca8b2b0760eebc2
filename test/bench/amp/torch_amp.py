"""Logits and gradients of a training step with PyTorch, in float32 and under autocast in bfloat16: how far they lie apart.

`python torch_amp.py FOLDER` reads case.json (model, size, batch, classes), weights.safetensors, pixels.bin (NHWC float32); prints JSON.
"""
import json
import pathlib
import sys

import numpy
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'train'))
from torch_networks import build


def step(case, state, x, amp):
    torch.manual_seed(0)
    model = build(case['model'], case['classes']).to(memory_format=torch.channels_last)
    model.load_state_dict(state, strict=False)
    model.train()
    with torch.autocast('cpu', torch.bfloat16, enabled=amp):
        logits = model(x)
    F.cross_entropy(logits.float(), torch.arange(case['batch']) % case['classes'], label_smoothing=0.1).backward()
    return logits.detach().float(), {name: value.grad for name, value in model.named_parameters()}


def distance(a, b):
    return float((a - b).norm() / b.norm())


def main():
    folder = pathlib.Path(sys.argv[1])
    case = json.loads((folder / 'case.json').read_text())
    state = load_file(folder / 'weights.safetensors')
    shape = (case['batch'], case['size'], case['size'], 3)
    pixels = numpy.fromfile(folder / 'pixels.bin', dtype='<f4').reshape(shape)
    x = torch.from_numpy(pixels.copy()).permute(0, 3, 1, 2).to(memory_format=torch.channels_last)
    (logits, gradients), (half_logits, half_gradients) = (step(case, state, x, amp) for amp in (False, True))
    print(json.dumps({
        'logits': distance(half_logits, logits),
        'gradients': {name: distance(half_gradients[name], value) for name, value in gradients.items()},
        'all': distance(*(torch.cat([value.flatten() for value in all.values()]) for all in (half_gradients, gradients))),
    }))


main()
