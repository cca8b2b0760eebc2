#!/usr/bin/env python3
"""Makes test/fixtures/torch/networks.json: what PyTorch computes for kdpipe's small networks.

    python test/reference/make_networks.py        (needs torch and numpy; nothing is downloaded)

Weights and images are pure functions of (name, flat index); values are computed in float64 from numbers rounded to
float32. The networks are those of networks.py.
"""
import json, pathlib

import numpy as np
import torch
import torch.nn.functional as F

from hashed import filled, uniform
from networks import ConvNet, ResNet

OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "torch" / "networks.json"
def summary(t):
    t = t.detach().double()
    return {"norm": t.norm().item(), "first": t.flatten()[:4].tolist()}


def groups(model, decay):
    weights = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() == 1]
    return [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


OPTIMIZERS = {
    "adamw": lambda m: torch.optim.AdamW(groups(m, 0.05), lr=0.01, betas=(0.9, 0.999), eps=1e-8),
    "sgd": lambda m: torch.optim.SGD(groups(m, 5e-4), lr=0.1, momentum=0.9, nesterov=True),
    "rmsprop": lambda m: torch.optim.RMSprop(groups(m, 5e-4), lr=0.003, alpha=0.99, eps=1e-8, momentum=0.9),
}
SLOTS = {"adamw": ("exp_avg", "exp_avg_sq"), "sgd": ("momentum_buffer",), "rmsprop": ("square_avg", "momentum_buffer")}


def case(model_name, make, batch, height, width, classes):
    x = torch.from_numpy(uniform("input", (batch, 3, height, width)).astype(np.float32)).double()
    labels = torch.arange(batch) * 3 % classes
    loss_of = lambda z: F.cross_entropy(z, labels, label_smoothing=0.1)
    out = {"model": model_name, "batch": batch, "height": height, "width": width, "classes": classes, "labels": labels.tolist()}

    model = filled(make()).eval()
    out["shapes"] = {k: list(v.shape) for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    logits, taps = model(x)
    out["evalLogits"] = logits.tolist()
    # Taps as the engine gives them out: channels last.
    out["evalTaps"] = {k: summary(v.permute(0, 2, 3, 1) if v.dim() == 4 else v) for k, v in taps.items()}

    model = filled(make()).train()
    logits, taps = model(x)
    loss_of(logits).backward()
    out["trainLogits"], out["loss"] = logits.tolist(), loss_of(logits).item()
    out["statistics"] = {k: summary(v) for k, v in model.state_dict().items() if "running" in k}
    out["gradients"] = {k: summary(p.grad) for k, p in model.named_parameters()}

    model = filled(make()).train()
    logits, taps = model(x)
    loss = loss_of(logits)
    for name in ("block1", "block2", "block3", "pooled"):
        g = torch.from_numpy(((2 * uniform("tap." + name, taps[name].shape) - 1) * 0.01).astype(np.float32)).double()
        loss = loss + (g * taps[name]).sum()
    loss.backward()
    out["tapGradients"] = {k: summary(p.grad) for k, p in model.named_parameters()}

    out["updates"] = {}
    for name, optimizer_of in OPTIMIZERS.items():
        model = filled(make()).train()
        optimizer, losses = optimizer_of(model), []
        for _ in range(2):
            optimizer.zero_grad()
            loss = loss_of(model(x)[0])
            losses.append(loss.item())
            loss.backward()
            optimizer.step()
        named = dict(model.named_parameters())
        out["updates"][name] = {
            "losses": losses,
            "parameters": {k: summary(p) for k, p in named.items()},
            "slots": {f"{k}/{s}": summary(optimizer.state[p][s]) for k, p in named.items() for s in SLOTS[name]},
        }
    return out


def rounded(v):
    if isinstance(v, float):
        return float(f"{v:.9g}")
    if isinstance(v, dict):
        return {k: rounded(x) for k, x in v.items()}
    return [rounded(x) for x in v] if isinstance(v, list) else v


if __name__ == "__main__":
    cases = [
        case("resnet8", lambda: ResNet(8, 10), 2, 32, 32, 10),
        case("convnet8", lambda: ConvNet(8, 10), 2, 32, 32, 10),
        case("resnet8", lambda: ResNet(8, 5), 3, 17, 13, 5),
        case("convnet4", lambda: ConvNet(4, 3), 3, 11, 14, 3),
    ]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text("[\n" + ",\n".join(json.dumps(rounded(c)) for c in cases) + "\n]\n")
