#!/usr/bin/env python3
"""Makes test/fixtures/further-terms.json: distillation terms that losses.json lacks, by PyTorch in float64.

    python test/reference/make_further_terms.py        (needs torch and numpy; nothing is downloaded)

Written from the papers and from what RepDistiller's program computes. Maps and the weights of adapters are pure functions of (name,
flat index), rounded to float32; what stands there are values, and gradients in the student's maps and in the adapters' weights.
"""
import json, math, pathlib

import numpy as np
import torch
import torch.nn.functional as F

from hashed import uniform

OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "further-terms.json"
IMAGES = 4


def signed(name, shape, scale=1.0):
    return torch.from_numpy((scale * (2 * uniform(name, shape) - 1)).astype(np.float32)).double()


def maps(side, shapes):
    """Maps by tap; the file has them channels last, as kdpipe's engines do."""
    named = {tap: signed(f"{side}.{tap}", (IMAGES, h, w, c), 2) for tap, (h, w, c) in shapes.items()}
    return {tap: values.requires_grad_(side == "student") for tap, values in named.items()}


def nchw(x):
    return x.permute(0, 3, 1, 2)


class Weights:
    """Weights of adapters by the names that kdpipe gives them."""

    def __init__(self):
        self.used = {}

    def __call__(self, name, shape):
        return self.used.setdefault(name, signed(name, shape, 0.5).requires_grad_())


def linear(w, name, x, size):
    return F.linear(x, w(f"{name}.weight", (size, x.shape[1])), w(f"{name}.bias", (size,)))


def regressor(w, name, s, t):
    stride, bias = s.shape[2] // t.shape[2], w(f"{name}.bias", (t.shape[1],))
    if stride == 0:  # kdpipe reads the filter of a transposed convolution as that of the convolution that it is
        filters = w(f"{name}.weight", (t.shape[1], s.shape[1], 4, 4))
        return F.conv_transpose2d(s, filters.flip(2, 3).transpose(0, 1), bias, 2, 1)
    kernel = 2 * stride - 1
    return F.conv2d(s, w(f"{name}.weight", (t.shape[1], s.shape[1], kernel, kernel)), bias, stride, stride - 1)


def activated_regressor(w, name, s, t):
    s = regressor(w, f"{name}.0", s, t)
    weight, bias = (w(f"{name}.1.{leaf}", (s.shape[1],)) for leaf in ("weight", "bias"))
    return F.relu(F.batch_norm(s, None, None, weight, bias, True))


def hint(student, teacher, w, form):
    tap = "block2"
    s, t = nchw(student[tap]), nchw(teacher[tap])
    return F.mse_loss(activated_regressor(w, "fitnet.block2.regressor", s, t), t)


def variational(student, teacher, w, form):
    s, t = nchw(student["block1"]), nchw(teacher["block1"])
    size = (min(s.shape[2], t.shape[2]), min(s.shape[3], t.shape[3]))
    s, t = F.adaptive_avg_pool2d(s, size), F.adaptive_avg_pool2d(t, size)
    for k in (0, 2, 4):
        s = F.conv2d(F.relu(s) if k else s, w(f"vid.block1.mean.{k}.weight", (t.shape[1], s.shape[1], 1, 1)))
    scale = w("vid.block1.scale.weight", (t.shape[1], 1)).sum(1) * 0 + w("vid.block1.scale.bias", (t.shape[1],))
    variance = (F.softplus(scale) + 1e-5)[:, None, None]
    return (((s - t) ** 2 / variance + variance.log()) / 2).mean()


def review(student, teacher, w, form, most=512):
    taps, targets = list(student), list(teacher)
    mid = min(most, student[taps[-1]].shape[-1])
    total, above = 0.0, None
    for tap, target in zip(reversed(taps), reversed(targets)):
        s, t, name = nchw(student[tap]), nchw(teacher[target]), f"review.{tap}"

        def normed(x, part, channels, kernel):
            x = F.conv2d(x, w(f"{name}.{part}.0.weight", (channels, x.shape[1], kernel, kernel)), None, 1, kernel // 2)
            return F.batch_norm(x, None, None, w(f"{name}.{part}.1.weight", (channels,)), w(f"{name}.{part}.1.bias", (channels,)), True)

        x = normed(s, "reduce", mid, 1)
        if above is not None:
            y = F.interpolate(above, s.shape[2:], mode="nearest")
            z = F.conv2d(torch.cat([x, y], 1), w(f"{name}.attention.weight", (2, 2 * mid, 1, 1)), w(f"{name}.attention.bias", (2,)))
            x = x * z.sigmoid()[:, :1] + y * z.sigmoid()[:, 1:]
        above = F.interpolate(x, t.shape[2:], mode="nearest")
        ours = normed(above, "expand", t.shape[1], 3)
        loss, share, whole = F.mse_loss(ours, t), 1.0, 1.0
        for side in (l for l in (4, 2, 1) if l < t.shape[2]):
            share /= 2
            whole += share
            loss = loss + share * F.mse_loss(F.adaptive_avg_pool2d(ours, side), F.adaptive_avg_pool2d(t, side))
        total = total + loss / whole
    return total


def correlation(student, teacher, w, form, size=5, gamma=0.4, order=2):
    s, t = (linear(w, f"cc.{n}", side["pooled"].flatten(1), size) for n, side in (("student", student), ("teacher", teacher)))
    if form == "code":
        delta = (s - t).abs()
        return (delta[:-1] * delta[1:]).sum(1).mean()

    def kernel(rows):
        gram = F.normalize(rows) @ F.normalize(rows).t()
        return sum(math.exp(-2 * gamma) * (2 * gamma) ** p / math.factorial(p) * gram**p for p in range(order + 1))

    return (kernel(s) - kernel(t)).pow(2).sum() / IMAGES**2


def flow(student, teacher, w, form):
    def flows(side):
        taps = list(side)
        for a, b in zip(taps, taps[1:]):
            a, b = nchw(side[a]), nchw(side[b])
            size = (min(a.shape[2], b.shape[2]), min(a.shape[3], b.shape[3]))
            a, b = F.adaptive_avg_pool2d(a, size).flatten(2), F.adaptive_avg_pool2d(b, size).flatten(2)
            yield torch.einsum("nip,njp->nij", a, b) / a.shape[2]

    apart = [s - t for s, t in zip(flows(student), flows(teacher))]
    return sum(d.pow(2).mean() if form == "code" else d.pow(2).sum((1, 2)).mean() for d in apart)


def towards_largest(vectors):
    """LAPACK's signs are any: here the largest element of each column is positive."""
    return vectors * vectors.detach().gather(1, vectors.abs().argmax(1, keepdim=True)).sign()


def singular(student, teacher, w, form, beta=8):
    (rank, over), before, total = (int(form[0]), form[1:]), None, 0.0
    for s, t in zip(student.values(), teacher.values()):
        if over == "w":  # channels and rows by columns, as mdistiller has it
            s, t = (nchw(x).flatten(1, 2).unsqueeze(1) for x in (s, t))
        u, v = (torch.linalg.svd(x.flatten(1, 2), full_matrices=False) for x in (s, t))
        ours, theirs = (towards_largest(x.Vh[:, :count].mT) for x, count in ((u, rank + 3), (v, rank)))
        share = F.normalize(v.S[:, :rank])[:, None]
        cosine = ours.mT @ theirs
        nearest = (cosine.abs() == cosine.abs().amax(1, keepdim=True)) * cosine.sign()
        pair = ours @ nearest.detach() * share, theirs * share
        if before is not None:
            a, b = ((-(x[:, :, None] - y[:, None]) ** 2 / beta).exp() for x, y in zip(pair, before))
            total = total + (a - b).pow(2).sum() / IMAGES
        before = pair
    return total


def boundary(student, teacher, w, form, margin=1.0):
    total, blocks = 0.0, list(student)
    for k, tap in enumerate(blocks):
        s, t = nchw(student[tap]), nchw(teacher[tap])
        if s.shape != t.shape:
            name = f"ab.block{k + 1}.connector"
            s = regressor(w, f"{name}.0", s, t)
            s = F.batch_norm(s, None, None, w(f"{name}.1.weight", (t.shape[1],)), w(f"{name}.1.bias", (t.shape[1],)), True)
        over = (s + margin) ** 2 * ((s > -margin) & (t <= 0)) + (s - margin) ** 2 * ((s <= margin) & (t > 0))
        total = total + over.sum() / IMAGES * (2 ** (k - len(blocks) + 1) * 3 / 1000 if form == "code" else 1)
    return total


def factor_transfer(student, teacher, w, form, rate=0.5, share=0.005):
    s, t = nchw(student["block2"]), nchw(teacher["block2"])
    factors = max(1, int(rate * t.shape[1]))

    def stack(x, name, channels, normed=False):
        for k, width in enumerate(channels):
            part = f"ft.block2.{name}.{k}"
            x = F.conv2d(x, w(f"{part}.0.weight", (width, x.shape[1], 3, 3)), w(f"{part}.0.bias", (width,)), 1, 1)
            if normed:
                x = F.batch_norm(x, None, None, w(f"{part}.1.weight", (width,)), w(f"{part}.1.bias", (width,)), True)
            x = F.leaky_relu(x, 0.1)
        return x

    theirs = stack(t, "encoder", (t.shape[1], factors, factors))
    again = stack(theirs, "decoder", (factors, factors, t.shape[1]))
    ours = stack(s, "translator", (s.shape[1], factors, factors), True)
    size = (min(s.shape[2], t.shape[2]), min(s.shape[3], t.shape[3]))
    a, b = (F.adaptive_avg_pool2d(x, size) for x in (ours, theirs.detach()))
    if form == "code":
        a, b = (F.normalize(x.pow(2).mean(1).flatten(1)) for x in (a, b))
        apart = (a - b).abs().mean()
    else:
        apart = (F.normalize(a.flatten(1)) - F.normalize(b.flatten(1))).abs().sum(1).mean()
    return apart + share * F.mse_loss(again, t)


def multi_level(student, teacher, w, form):
    z_s, z_t = student["logits"].flatten(1), teacher["logits"].flatten(1)
    scores = lambda z: (z - z.mean(1, keepdim=True)) / (z.std(1, keepdim=True) + 1e-7)
    total = 0.0
    for degree in (2, 3, 4, 5, 6):
        a, b = ((scores(z) if form == "scores" else z) / degree for z in (z_s, z_t))
        total = total + degree**2 * F.kl_div(F.log_softmax(a, 1), F.softmax(b, 1), reduction="batchmean")
        p, q = (F.softmax(z / degree, 1) for z in (z_s, z_t))
        total = total + (p @ p.t() - q @ q.t()).pow(2).sum() / IMAGES + (p.t() @ p - q.t() @ q).pow(2).sum() / p.shape[1]
    return total


def inter_channel(student, teacher, w, form):
    s, t, name = nchw(student["block2"]), nchw(teacher["block2"]), "ickd.block2.embedding"
    s = F.conv2d(s, w(f"{name}.0.weight", (t.shape[1], s.shape[1], 1, 1)))
    s = F.batch_norm(s, None, None, w(f"{name}.1.weight", (t.shape[1],)), w(f"{name}.1.bias", (t.shape[1],)), True)
    a, b = (F.normalize(torch.einsum("nci,ndi->ncd", x.flatten(2), x.flatten(2)), dim=2) for x in (s, t))
    return (a - b).pow(2).sum() / (t.shape[1] * IMAGES)


def wasserstein_features(student, teacher, w, form, gamma=2.0):
    s, t, grid, total = nchw(student["block2"]), nchw(teacher["block2"]), int(form), 0.0
    s = activated_regressor(w, "wkd.block2.regressor", s, t)
    for row in range(grid):
        for column in range(grid):
            ends = lambda k, size: slice(k * size // grid, -(-(k + 1) * size // grid))
            a, b = (x[:, :, ends(row, x.shape[2]), ends(column, x.shape[3])].flatten(2) for x in (s, t))
            means = (a.mean(2) - b.mean(2)).pow(2).sum()
            deviations = ((a.var(2) + 1e-5).sqrt() - (b.var(2) + 1e-5).sqrt()).pow(2).sum()
            total = total + (gamma * means + deviations) / (grid**2 * IMAGES)
    return total


def reused_classifier(student, teacher, w, form):
    """SimKD's term beside a slope of each logit; classifier and pooling are the teacher's."""
    s, t = nchw(student["last-map"]), nchw(teacher["last-map"])
    size = (min(s.shape[2], t.shape[2]), min(s.shape[3], t.shape[3]))
    s, t = F.adaptive_avg_pool2d(s, size), F.adaptive_avg_pool2d(t, size)
    hidden = t.shape[1] // 2
    for k, (channels, kernel) in enumerate(((hidden, 1), (hidden, 3), (t.shape[1], 1))):
        name = f"projector.{3 * k}"
        s = F.conv2d(s, w(f"{name}.weight", (channels, s.shape[1], kernel, kernel)), None, 1, kernel // 2)
        weight, bias = (w(f"projector.{3 * k + 1}.{leaf}", (channels,)) for leaf in ("weight", "bias"))
        s = F.relu(F.batch_norm(s, None, None, weight, bias, True))
    logits = linear(w, "teacher.fc", s.mean((2, 3)), 3)
    return F.mse_loss(s, t) + (logits * signed("slopes", (IMAGES, 3))).sum()


FLOWS = {"stem": (4, 4, 2), "block1": (4, 4, 3), "block2": (2, 2, 3), "block3": (2, 2, 4)}
CASES = {
    "CC code": (correlation, "code", {"pooled": (1, 1, 3)}, {"pooled": (1, 1, 4)}),
    "CC paper": (correlation, "paper", {"pooled": (1, 1, 3)}, {"pooled": (1, 1, 4)}),
    "FSP code": (flow, "code", FLOWS, FLOWS),
    "FSP paper": (flow, "paper", FLOWS, FLOWS),
    "KDSVD 1": (singular, "1", FLOWS, FLOWS),
    "KDSVD 2": (singular, "2", {"block1": (4, 4, 5), "block2": (3, 3, 4)}, {"block1": (4, 4, 5), "block2": (2, 2, 4)}),
    "KDSVD 1w": (singular, "1w", {"block1": (5, 4, 2), "block2": (3, 6, 3)}, {"block1": (5, 4, 3), "block2": (3, 6, 2)}),
    "AB code": (boundary, "code", {"preact1": (4, 4, 3), "preact2": (4, 4, 2), "preact3": (2, 2, 3), "preact4": (2, 2, 2)}, {"preact1": (4, 4, 3), "preact2": (2, 2, 3), "preact3": (2, 2, 4), "preact4": (4, 4, 3)}),
    "AB paper": (boundary, "paper", {"preact1": (4, 4, 3)}, {"preact1": (4, 4, 3)}),
}


CASES |= {
    "FT code": (factor_transfer, "code", {"block2": (4, 4, 2)}, {"block2": (2, 2, 5)}),
    "FT paper": (factor_transfer, "paper", {"block2": (2, 2, 3)}, {"block2": (4, 4, 4)}),
    "MLKD logits": (multi_level, "logits", {"logits": (1, 1, 5)}, {"logits": (1, 1, 5)}),
    "MLKD scores": (multi_level, "scores", {"logits": (1, 1, 5)}, {"logits": (1, 1, 5)}),
    "ICKD cifar": (inter_channel, "cifar", {"block2": (2, 3, 2)}, {"block2": (4, 2, 3)}),
    "WKD-F 1": (wasserstein_features, "1", {"block2": (4, 4, 2)}, {"block2": (2, 2, 3)}),
    "WKD-F 2": (wasserstein_features, "2", {"block2": (3, 3, 2)}, {"block2": (3, 3, 3)}),
    "FitNet larger": (hint, "conv-bn-relu", {"block2": (2, 2, 2)}, {"block2": (4, 4, 3)}),
    "ReviewKD code": (review, "code", {"block1": (4, 4, 2), "block2": (2, 2, 3), "pooled": (1, 1, 3)}, {"preact1": (4, 4, 3), "preact2": (4, 4, 2), "pooled": (1, 1, 4)}),
    "SimKD larger": (reused_classifier, None, {"last-map": (4, 4, 3)}, {"last-map": (2, 2, 6)}),
    "SimKD smaller": (reused_classifier, None, {"last-map": (3, 3, 3)}, {"last-map": (6, 6, 7)}),
    "VID larger": (variational, None, {"block1": (2, 2, 2)}, {"block1": (4, 4, 3)}),
    "VID smaller": (variational, None, {"block1": (4, 4, 2)}, {"block1": (2, 2, 3)}),
}


def numbers(t):
    return [float(f"{v:.10g}") for v in t.flatten().tolist()]


rows = {}
for name, (term, form, ours, theirs) in CASES.items():
    student, teacher, weights = maps("student", ours), maps("teacher", theirs), Weights()
    value = term(student, teacher, weights, form)
    value.backward()
    rows[name] = {
        "student": ours,
        "teacher": theirs,
        "value": float(f"{value.item():.10g}"),
        "gradients": {tap: numbers(x.grad) for tap, x in student.items()},
        "weights": {n: {"shape": list(x.shape), "gradient": numbers(x.grad)} for n, x in weights.used.items()},
    }
OUT.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in rows.items()) + "\n}\n")
