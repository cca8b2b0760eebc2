#!/usr/bin/env python3
"""Makes test/fixtures/crd.json: contrastive representation distillation over some batches, in float64.

    python test/reference/make_crd.py        (needs torch and numpy; nothing is downloaded)

Written from the paper's section 3 and the published hyperparameters. Embeddings and banks are pure functions of (name, flat
index), rounded to float32. Classes are equally large and every image of another class is a negative, so that nothing is drawn.
"""
import json, pathlib

import numpy as np
import torch

from hashed import uniform

OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "crd.json"
LABELS = [0, 1, 2, 1, 0, 2, 2, 1, 0, 1, 0, 2]
DIMENSION, TEMPERATURE, MOMENTUM, EPSILON = 5, 0.07, 0.5, 1e-7
BATCHES = [[0, 3, 5, 8], [1, 2, 10], [8, 5, 11, 4]]


def signed(name, shape):
    return torch.from_numpy((2 * uniform(name, shape) - 1).astype(np.float32)).double()


def unit(rows):
    return rows / rows.norm(dim=1, keepdim=True)


class Side:
    """Features of one network against the other network's bank."""

    def __init__(self, bank):
        self.bank, self.constant = bank, None

    def loss(self, features, batch):
        count = len(LABELS)
        others = [[j for j in range(count) if LABELS[j] != LABELS[i]] for i in batch]
        positive = torch.exp((features * self.bank[batch]).sum(1) / TEMPERATURE)
        negative = torch.stack([torch.exp(self.bank[o] @ f / TEMPERATURE) for f, o in zip(features, others)])
        if self.constant is None:
            scores = torch.cat([positive[:, None], negative], 1)
            self.constant = float(scores.detach().mean()) * count
        noise = negative.shape[1] / count
        p, q = positive / self.constant, negative / self.constant
        total = torch.log(p / (p + noise + EPSILON)).sum() + torch.log(noise / (q + noise + EPSILON)).sum()
        return -total / len(batch)


def flat(values):
    return [float(f"{v:.10g}") for v in values.reshape(-1).tolist()]


banks = {side: signed(f"crd.bank.{side}", (len(LABELS), DIMENSION)) for side in ("student", "teacher")}
sides = {"student": Side(banks["teacher"]), "teacher": Side(banks["student"])}
steps = []
for number, batch in enumerate(BATCHES):
    raw = {side: signed(f"crd.{side}.{number}", (len(batch), DIMENSION)).requires_grad_() for side in sides}
    features = {side: unit(values) for side, values in raw.items()}
    value = sum(sides[side].loss(features[side], batch) for side in sides)
    value.backward()
    with torch.no_grad():
        for side, bank in banks.items():
            bank[batch] = unit(MOMENTUM * bank[batch] + (1 - MOMENTUM) * features[side])
    steps.append({
        "batch": batch,
        "value": float(value.detach()),
        "gradients": {side: flat(values.grad) for side, values in raw.items()},
        "banks": {side: flat(bank) for side, bank in banks.items()},
    })
OUT.write_text(json.dumps({
    "labels": LABELS, "dimension": DIMENSION, "temperature": TEMPERATURE, "momentum": MOMENTUM,
    "constants": [sides["student"].constant, sides["teacher"].constant], "steps": steps,
}, indent=1) + "\n")
