#!/usr/bin/env python3
"""Makes test/fixtures/numerics.json: terms that compare images, on batches that are hard on float32.

    python test/reference/make_numerics.py        (needs torch and numpy; nothing is downloaded)

Written from the papers. Rows are equal, nearly equal, far from 0, or 0; they are pure functions of (name, flat index), rounded to float32.
What stands there is the value and the gradient in the student's rows by PyTorch in float64, and how far PyTorch in float32 is from them: of
the value, and of the gradient in L2 norm.
"""
import json, pathlib

import numpy as np
import torch
import torch.nn.functional as F

from hashed import uniform

OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "numerics.json"
COUNT, SIZE = 6, 6


def signed(name, scale=1.0):
    return ((2 * uniform(name, (COUNT, SIZE)) - 1) * scale).astype(np.float32)


def nearly(name, gap):
    rows = signed(name)
    shift = signed(f"{name}.shift", gap)
    for copy, original in ((1, 0), (2, 0), (5, 4)):
        rows[copy] = (rows[original].astype(np.float64) * (1 + shift[copy].astype(np.float64))).astype(np.float32)
    return rows


def far(name):
    return (signed(name).astype(np.float64) + 1000).astype(np.float32)


ZERO = np.zeros((COUNT, SIZE), np.float32)
BATCHES = {
    "equal rows": (nearly("s", 0), nearly("t", 0)),
    **{f"rows that agree but for {gap}": (nearly("s", float(gap)), nearly("t", float(gap))) for gap in ("1e-2", "1e-4", "1e-6")},
    "rows far from 0": (far("s"), far("t")),
    "zeros": (ZERO, ZERO),
    "a student of zeros": (ZERO, signed("t")),
}


def smooth(a, b):
    return F.smooth_l1_loss(a, b)


def rkd(s, t):
    def relations(rows):
        differences = rows[:, None] - rows[None]
        squares = differences.pow(2).sum(2)
        apart = squares > 0
        lengths = torch.where(apart, squares, torch.ones_like(squares)).sqrt()
        distances = torch.where(apart, lengths, torch.zeros_like(lengths)).clamp(min=1e-6) * (1 - torch.eye(COUNT, dtype=rows.dtype))
        directions = differences * torch.where(apart, 1 / lengths, torch.zeros_like(lengths))[..., None]
        return distances / (distances.sum() / (COUNT * (COUNT - 1))), directions @ directions.transpose(1, 2)

    (d, a), (e, b) = relations(s), relations(t)
    return 25 * smooth(d, e) + 50 * smooth(a, b)


def pkt(s, t):
    def neighbours(rows):
        units = rows / (rows.pow(2).sum(1, keepdim=True).clamp(min=1e-24).sqrt() + 1e-7)
        closeness = (units @ units.t() + 1) / 2
        return closeness / closeness.sum(1, keepdim=True)

    p, q = neighbours(s), neighbours(t)
    return (q * ((q + 1e-7) / (p + 1e-7)).log()).mean()


def sp(s, t):
    def similarities(rows):
        return F.normalize(rows @ rows.t())

    return (similarities(t) - similarities(s)).pow(2).sum() / COUNT**2


def nst(s, t):
    def channels(rows):  # maps [N, 2, 1, 3], channels last
        return F.normalize(rows.view(COUNT, 2, 3).transpose(1, 2), dim=2)

    def kernel(a, b):
        return (a @ b.transpose(1, 2)).pow(2).mean()

    a, b = channels(s), channels(t)
    return kernel(b, b) + kernel(a, a) - 2 * kernel(a, b)


def dist(s, t):
    def apart(a, b):
        a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
        norm = lambda x: x.pow(2).sum(1).clamp(min=1e-24).sqrt()
        return 1 - ((a * b).sum(1) / (norm(a) * norm(b) + 1e-8)).mean()

    p, q = (s / 4).softmax(1), (t / 4).softmax(1)
    return 16 * (2 * apart(p, q) + 2 * apart(p.t(), q.t()))


def measured(term, sides, dtype):
    s, t = (torch.from_numpy(rows).to(dtype) for rows in sides)
    s.requires_grad_()
    value = term(s, t)
    value.backward()
    return value.item(), s.grad.double()


rows = {}
for name, term in {"RKD": rkd, "PKT": pkt, "SP": sp, "NST": nst, "DIST": dist}.items():
    for batch, sides in BATCHES.items():
        (value, gradient), (single, slopes) = measured(term, sides, torch.float64), measured(term, sides, torch.float32)
        rows[f"{name}: {batch}"] = {
            "value": value,
            "gradient": gradient.flatten().tolist(),
            "off": abs(single - value),
            "gradientOff": (slopes - gradient).norm().item(),
        }


def rounded(v):
    return [rounded(x) for x in v] if isinstance(v, list) else float(f"{v:.12g}") if v == v else None


lines = (f"{json.dumps(k)}: {json.dumps({n: rounded(x) for n, x in v.items()}, separators=(',', ':'))}" for k, v in rows.items())
OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
