"""Trains resnet20 on given batches from given weights, in float32 and in float64: `python torch_curve.py FOLDER`.

FOLDER holds case.json, weights.safetensors, images.bin (uint8, [steps, batch, side, side]) and labels.bin (uint8).
Prints {"float32": [loss of each step], "float64": [...]} as JSON.
"""
import json
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "reference"))
import numpy as np
import torch
from torch.nn import functional as F

from networks import ResNet


def read_safetensors(path):
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header, body = json.loads(raw[8 : 8 + length]), raw[8 + length :]
    header.pop("__metadata__", None)
    types = {"F32": np.float32, "I64": np.int64}
    read = lambda t: np.frombuffer(body[slice(*t["data_offsets"])], types[t["dtype"]]).reshape(t["shape"])
    return {name: torch.from_numpy(read(t).copy()) for name, t in header.items()}


def curve(case, folder, dtype):
    steps, batch, side = case["steps"], case["batch"], case["side"]
    images = np.fromfile(folder / "images.bin", np.uint8).reshape(steps, batch, 1, side, side)
    labels = np.fromfile(folder / "labels.bin", np.uint8).reshape(steps, batch)
    model = ResNet(20, case["classes"])
    model.load_state_dict(read_safetensors(folder / "weights.safetensors"), strict=True)
    model = model.to(dtype).train()
    groups = [
        {"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": case["weightDecay"]},
        {"params": [p for p in model.parameters() if p.dim() == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=case["learningRate"])
    losses = []
    for x, y in zip(images, labels):
        # Rounded to float32 as the other side has them.
        pixels = ((torch.from_numpy(x).double() / 255 - 0.5) / 0.5).float().to(dtype).expand(-1, 3, -1, -1)
        loss = F.cross_entropy(model(pixels)[0], torch.from_numpy(y).long(), label_smoothing=case["smoothing"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


folder = pathlib.Path(sys.argv[1])
case = json.loads((folder / "case.json").read_text())
print(json.dumps({"float32": curve(case, folder, torch.float32), "float64": curve(case, folder, torch.float64)}))
