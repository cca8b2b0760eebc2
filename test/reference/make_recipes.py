#!/usr/bin/env python3
"""Makes test/fixtures/torch/recipes.json: 50 steps of PyTorch by each recipe of the field's CIFAR-100 table, and its parts.

    python test/reference/make_recipes.py        (needs torch and numpy; nothing is downloaded)

Weights and images are pure functions of (name, flat index); values are computed in float64 from numbers rounded to
float32. An epoch has ten batches, the same in each.
"""
import json, math, pathlib

import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim.lr_scheduler import MultiStepLR

from hashed import filled, uniform
from make_networks import rounded, summary
from networks import ConvNet

OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "torch" / "recipes.json"
EPOCHS, STEPS, BATCH, SIDE, CLASSES = 5, 10, 6, 8, 3

# What of each recipe differs from RepDistiller's: SGD without Nesterov's momentum, all parameters decayed, labels as they are.
RECIPES = {
    "repdistiller": {},
    "nesterov": {"nesterov": True},
    "weights alone decayed": {"decay_all": False},
    "cross entropy by a tenth": {"ce_weight": 0.1},
    "a moving average": {"ema": 0.99},
    "gradients clipped by norm": {"clip": lambda parameters: clip_grad_norm_(parameters, 0.5)},
    "gradients clipped by value": {"clip": lambda parameters: clip_grad_value_(parameters, 0.05)},
}


def batch(number):
    x = 2 * uniform(f"recipe.{number}", (BATCH, SIDE, SIDE, 3)).astype(np.float64) - 1
    images = torch.from_numpy(x.astype(np.float32)).double().permute(0, 3, 1, 2).contiguous()
    return images, (torch.arange(BATCH) * (number + 1)) % CLASSES


def train(nesterov=False, decay_all=True, ce_weight=1.0, ema=None, clip=None, decay=5e-2):
    model = filled(ConvNet(4, CLASSES)).train()
    parameters = list(model.parameters())
    weights, others = [p for p in parameters if p.dim() > 1], [p for p in parameters if p.dim() == 1]
    groups = [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": decay if decay_all else 0.0}]
    optimizer = torch.optim.SGD(groups, lr=0.05, momentum=0.9, nesterov=nesterov)
    scheduler = MultiStepLR(optimizer, milestones=[2, 4], gamma=0.1)
    average = {k: v.clone() for k, v in model.state_dict().items()}
    losses, update = [], 0
    for _ in range(EPOCHS):
        total = 0.0
        for number in range(STEPS):
            images, labels = batch(number)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images)[0], labels)
            (ce_weight * loss).backward()
            if clip is not None:
                clip(parameters)
            optimizer.step()
            total += loss.item() / STEPS
            update += 1
            if ema is not None:
                d = ema * (1 - math.exp(-update / 2000))
                for k, v in model.state_dict().items():
                    if v.is_floating_point():
                        average[k].mul_(d).add_(v, alpha=1 - d)
        losses.append(total)
        scheduler.step()
    state = average if ema is not None else model.state_dict()
    return {"losses": losses, "state": {k: summary(v) for k, v in state.items() if not k.endswith("num_batches_tracked")}}


if __name__ == "__main__":
    size = {"epochs": EPOCHS, "steps": STEPS, "batch": BATCH, "side": SIDE, "classes": CLASSES}
    recipes = {name: train(**change) for name, change in RECIPES.items()}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(rounded(recipe))}" for name, recipe in recipes.items())
    OUT.write_text(f"{{{json.dumps(size)[1:-1]},\n\"recipes\": {{\n{lines}\n}}}}\n")
