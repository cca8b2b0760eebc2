#!/usr/bin/env python3
"""Makes test/fixtures/torch/files/: small files of torch.save in all its forms, and what they hold.

    python test/reference/make_torch_files.py        (needs torch and safetensors; nothing is downloaded)
"""
import argparse, collections, json, pathlib

import torch
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "torch" / "files"
OUT.mkdir(parents=True, exist_ok=True)
torch.manual_seed(0)

net = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3), torch.nn.Flatten(), torch.nn.Linear(12, 4))
net(torch.randn(5, 2, 4, 4))
state = net.state_dict()
whole = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)

files = {
    "zip.pth": state,
    "legacy.pth": state,
    "wrapped.pth": {"epoch": 3, "state_dict": {f"module.{k}": v for k, v in state.items()}, "lr": 0.1, "notes": ["a", None, True]},
    "parameters.pth": collections.OrderedDict(net.named_parameters()),
    # One storage, looked at in four ways: a part, a transposed one, one channels-last, one value.
    "views.pth": {"part": whole[1], "turned": whole.permute(2, 0, 1), "last": whole[None].contiguous(memory_format=torch.channels_last), "one": whole[1, 2, 3]},
    "types.pth": {
        "half": torch.tensor([1.0, -0.1, 65504.0, 6e-8, 0.0]).half(),
        "brain": torch.tensor([1.0, -0.1, 3e38, 1e-40]).bfloat16(),
        "double": torch.tensor([1 / 3, -1e300, 5e-324], dtype=torch.float64),
        "count": torch.tensor([2**40, -1]),
    },
}
for name, content in files.items():
    torch.save(content, OUT / name, _use_new_zipfile_serialization=name != "legacy.pth")
save_file({k: v for k, v in files["types.pth"].items()}, OUT / "types.safetensors")
torch.save(net, OUT / "module.pth")
torch.save({"state_dict": state, "args": argparse.Namespace(lr=0.1)}, OUT / "namespace.pth")
torch.save({"mask": torch.tensor([True, False])}, OUT / "bool.pth")


def shown(tensor):
    values = tensor.detach().to(torch.float32 if tensor.is_floating_point() else torch.int64)
    return {"shape": list(tensor.shape), "values": [str(v) for v in values.flatten().tolist()]}


states = {**files, "wrapped.pth": state}
(OUT / "values.json").write_text(json.dumps({n: {k: shown(v) for k, v in s.items()} for n, s in states.items()}, indent=1) + "\n")
