#!/usr/bin/env python3
"""Makes test/fixtures/torch/layers.json: what PyTorch computes for single layers in training mode, and their gradients.

    python test/reference/make_layers.py        (needs torch and numpy; nothing is downloaded)

Values are pure functions of (name, flat index), as in make_networks.py; float64 from numbers rounded to float32. Maps are
channels last, as the engine gives them out. The scalar that is differentiated is the output's product with `weights`.
"""
import json, pathlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from make_networks import rounded, uniform

OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "torch" / "layers.json"
BATCH = 3
# Borders of the pieces of relu6 and hard sigmoid, where derivatives differ from one definition to the next.
BORDERS = [0.0, -0.0, 6.0, 3.0, -3.0, -20.0, 20.0, -100.0]


def signed(name, shape, scale=1.0, middle=0.0):
    return torch.from_numpy((middle + (2 * uniform(name, shape) - 1) * scale).astype(np.float32)).double()


class Conv(nn.Module):
    def __init__(self, inputs, outputs, kernel, **options):
        super().__init__()
        self.layer = nn.Conv2d(inputs, outputs, kernel, **options)

    def forward(self, x):
        return self.layer(x)


class Elementwise(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class NormThen(nn.Module):
    """Batch norm, then a function: the engine computes both at once."""

    def __init__(self, channels, function):
        super().__init__()
        self.layer, self.function = nn.BatchNorm2d(channels), function

    def forward(self, x):
        return self.function(self.layer(x))


def shuffled(x, groups):
    """Channel shuffle as torchvision has it (Zhang et al. 2018)."""
    n, c, h, w = x.shape
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)


FUNCTIONS = {"relu": F.relu, "relu6": F.relu6, "silu": F.silu, "sigmoid": torch.sigmoid, "hard-sigmoid": F.hardsigmoid}
CASES = {
    "depthwise 3×3": ((10, 7, 6), Conv(10, 10, 3, padding=1, groups=10, bias=False)),
    "depthwise 3×3 with stride 2": ((9, 8, 9), Conv(9, 9, 3, stride=2, padding=1, groups=9, bias=True)),
    "depthwise 5×5 with stride 2": ((12, 8, 7), Conv(12, 12, 5, stride=2, padding=2, groups=12, bias=False)),
    "depthwise 7×7": ((5, 9, 8), Conv(5, 5, 7, padding=3, groups=5, bias=True)),
    "three groups with stride 2": ((12, 7, 8), Conv(12, 18, 3, stride=2, padding=1, groups=3, bias=True)),
    "twice as many channels from a group each": ((6, 5, 5), Conv(6, 12, 3, padding=1, groups=6, bias=False)),
    **{f"{name}": ((8, 4, 3), Elementwise(f)) for name, f in FUNCTIONS.items()},
    **{f"batch norm and {name}": ((11, 4, 3), NormThen(11, f)) for name, f in FUNCTIONS.items()},
    "gate": ((10, 4, 5), Elementwise(lambda x: x * torch.sigmoid(x.mean((2, 3), keepdim=True)))),
    "square": ((10, 4, 5), Elementwise(lambda x: x * x)),
    "sliced": ((11, 3, 4), Elementwise(lambda x: x[:, 4:9])),
    "split and shuffled": ((10, 3, 4), Elementwise(lambda x: shuffled(torch.cat([x[:, :5], F.silu(x[:, 5:])], 1), 2))),
    "shuffled in three groups": ((9, 3, 4), Elementwise(lambda x: shuffled(x, 3))),
    "joined": ((5, 3, 4), Elementwise(lambda x: torch.cat([x, F.silu(x), torch.sigmoid(x)], 1))),
}


def last(t):
    return t.permute(0, 2, 3, 1).detach().flatten().tolist()


def values(name, module):
    """Batch norm's values are all within [.5, 1.5] where they scale, others within ±.5."""
    for key, t in module.state_dict().items():
        if key.endswith("num_batches_tracked"):
            continue
        positive = isinstance(getattr(module, "layer", None), nn.BatchNorm2d) and key.endswith(("weight", "running_var"))
        t.copy_(signed(key, t.shape, 0.5, 1.0 if positive else 0.0))


def case(name, shape, module):
    module = module.double().train()
    values(name, module)
    x = signed("input", (BATCH, *shape), 8.0)
    x.view(-1)[: len(BORDERS)] = torch.tensor(BORDERS, dtype=torch.float64)
    x.requires_grad_()
    y = module(x)
    (signed("weights", y.shape) * y).sum().backward()
    return {
        "name": name,
        "shape": list(shape),
        "output": last(y)[:40],
        "outputNorm": y.norm().item(),
        "inputGradient": last(x.grad)[:40],
        "inputGradientNorm": x.grad.norm().item(),
        "gradients": {k: p.grad.flatten()[:20].tolist() for k, p in module.named_parameters()},
        "gradientNorms": {k: p.grad.norm().item() for k, p in module.named_parameters()},
    }


if __name__ == "__main__":
    cases = [case(name, shape, module) for name, (shape, module) in CASES.items()]
    OUT.write_text("[\n" + ",\n".join(json.dumps(rounded(c), ensure_ascii=False) for c in cases) + "\n]\n")
