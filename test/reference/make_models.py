#!/usr/bin/env python3
"""Makes test/fixtures/models/further.json and further.golden.json: structure of, and numbers computed by, the networks
of torchvision and RepDistiller that the reference set lacks, in the form of its files.

    git clone https://github.com/HobbitLong/RepDistiller /tmp/RepDistiller
    python test/reference/make_models.py /tmp/RepDistiller [NETWORK …]        (needs torch, torchvision, numpy)

Named networks alone are made anew, and the others' rows stay.

Weights and images are pure functions of (name, flat index), see hashed.py; nothing else is downloaded.
"""
import json, pathlib, sys

import numpy as np
import torch
import torch.nn.functional as F
import torchvision.models as tv
from torch import nn

from hashed import filled, uniform

sys.path.insert(0, sys.argv[1])
import models as rep  # noqa: E402  RepDistiller's package

OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "models"

# name: constructor, image side and classes of the structure, side of the numbers, modules whose outputs are the blocks
STAGES = ["layer1", "layer2", "layer3"]
RESIDUAL = ["layer1", "layer2", "layer3", "layer4"]
SHUFFLED = ["maxpool", "stage2", "stage3", "conv5"]
NETWORKS = {
    "resnet18": (tv.resnet18, 224, 1000, 64, RESIDUAL),
    "resnet34": (tv.resnet34, 224, 1000, None, RESIDUAL),
    **{
        f"resnet{d}": (rep.model_dict[f"resnet{d}"], 32, 100, 32 if d in (8, 20) else None, STAGES)
        for d in (8, 14, 20, 32, 44, 56, 110)
    },
    "resnet8x4": (rep.model_dict["resnet8x4"], 32, 100, 32, STAGES),
    "resnet32x4": (rep.model_dict["resnet32x4"], 32, 100, None, STAGES),
    # mdistiller's: one line more of the same family.
    "resnet38x4": (lambda **kw: rep.resnet.ResNet(38, [32, 64, 128, 256], "basicblock", **kw), 32, 100, None, STAGES),
    "resnet50_cifar": (rep.model_dict["ResNet50"], 32, 100, 16, RESIDUAL),
    "wrn_16_2": (rep.model_dict["wrn_16_2"], 32, 100, 32, ["block1", "block2", "block3"]),
    "wrn_40_2": (rep.model_dict["wrn_40_2"], 32, 100, None, ["block1", "block2", "block3"]),
    "wrn_40_1": (rep.model_dict["wrn_40_1"], 32, 100, 32, ["block1", "block2", "block3"]),
    # RepDistiller applies the last ReLU of a VGG block outside of it: pools and pool4 see it.
    "vgg8_bn": (rep.model_dict["vgg8"], 32, 100, 32, ["block1", "block2", "block3", "block4"]),
    "vgg13_bn": (rep.model_dict["vgg13"], 32, 100, 32, ["block1", "block2", "block3", "block4"]),
    "vgg11_bn": (rep.vgg.vgg11_bn, 32, 100, 32, ["block1", "block2", "block3", "block4"]),
    **{f"shufflenet_v2_{w}": (getattr(tv, f"shufflenet_v2_{w}"), 224, 1000, 64, SHUFFLED) for w in ("x0_5", "x1_0")},
    "shuffle_v1": (rep.model_dict["ShuffleV1"], 32, 100, 32, STAGES),
    "shuffle_v2": (rep.model_dict["ShuffleV2"], 32, 100, 32, STAGES),
    "mobile_half": (rep.model_dict["MobileNetV2"], 32, 100, 32, ["blocks.1", "blocks.2", "blocks.4", "blocks.6"]),
}
LABELS = [3, 7]


def observed(model, names, wanted):
    """Has the named modules call `wanted` with name, module, output (of RepDistiller's pairs, the activated map)."""
    modules = dict(model.named_modules())
    for n in names:
        modules[n].register_forward_hook(lambda m, i, o, n=n: wanted(n, m, o[0] if isinstance(o, tuple) else o))


def structure(make, side, classes, blocks):
    model, macs, shapes = make(num_classes=classes).eval(), {}, {}
    owners = [(n, m) for n, m in model.named_modules() if isinstance(m, (nn.Conv2d, nn.Linear, nn.BatchNorm2d))]

    def count(n, m, out):
        if isinstance(m, nn.Conv2d):
            macs[n] = out.numel() * m.in_channels // m.groups * m.kernel_size[0] * m.kernel_size[1]
        elif isinstance(m, nn.Linear):
            macs[n] = m.in_features * m.out_features

    observed(model, [n for n, _ in owners], count)
    observed(model, blocks, lambda n, m, out: shapes.__setitem__(n, list(out.shape[1:])))
    with torch.no_grad():
        model(torch.zeros(1, 3, side, side))
    rows = []
    for n, m in owners:
        if isinstance(m, nn.Conv2d):
            window = [m.kernel_size[0], m.stride[0], m.padding[0], m.groups]
            rows.append([n, "conv", m.in_channels, m.out_channels, *window, m.bias is not None, macs[n]])
        elif isinstance(m, nn.Linear):
            rows.append([n, "linear", m.in_features, m.out_features, 1, 1, 0, 1, True, macs[n]])
        else:
            rows.append([n, "batch-norm", m.num_features])
    # The order of the rows is that of the state dict: no module owns parameters beside its children's.
    return {
        "side": side,
        "classes": classes,
        "parameters": sum(p.numel() for p in model.parameters()),
        "macs": sum(macs.values()),
        "blocks": [shapes[n] for n in blocks],
        "layers": rows,
    }


def measured(make, side, blocks, dtype):
    out, taps = {}, {}
    model = filled(make(num_classes=10)).to(dtype)
    observed(model, blocks, lambda n, m, o: taps.__setitem__(n, o))
    x = torch.from_numpy(uniform("input", (2, 3, side, side)).astype(np.float32)).to(dtype)
    for mode in ("eval", "train"):
        model.train(mode == "train").zero_grad()
        z = model(x)
        loss = F.cross_entropy(z, torch.tensor(LABELS), label_smoothing=0.1)
        loss.backward()
        out[f"{mode}.logits"], out[f"{mode}.loss"] = z, loss.view(1)
        for k, n in enumerate(blocks):
            b = F.relu(taps[n]) if n.startswith("block") and hasattr(model, "pool4") else taps[n]
            out[f"{mode}.block{k + 1}"] = torch.cat([b.mean().view(1), b.std(unbiased=False).view(1), b.flatten()[:8]])
        for n, p in model.named_parameters():
            out[f"{mode}.grad_norm.{n}"] = p.grad.norm().view(1)
    names = [n for n, _ in model.named_parameters()]
    for n in names[:: len(names) // 8]:
        out[f"train.grad_first4.{n}"] = dict(model.named_parameters())[n].grad.flatten()[:4]
    for n, t in model.state_dict().items():
        if "running" in n:
            out[f"bn.{n}"] = torch.cat([t.mean().view(1), t.flatten()[:4]])
    return {k: v.detach().double().numpy().ravel() for k, v in out.items()}


def num(v):
    return float(f"{v:.9g}")


def golden(make, side, blocks):
    a, b = measured(make, side, blocks, torch.float64), measured(make, side, blocks, torch.float32)
    keys = lambda prefix: [k for k in a if k.startswith(prefix)]
    worst = lambda prefix: float(f"{max(np.abs(a[k] - b[k]).max() for k in keys(prefix)):.2g}")
    norms = lambda mode: {k.removeprefix(f"{mode}.grad_norm."): num(a[k][0]) for k in keys(f"{mode}.grad_norm.")}

    def relative(mode):
        largest = max(a[k][0] for k in keys(f"{mode}.grad_norm."))
        return max(float(f"{abs(a[k][0] - b[k][0]) / a[k][0]:.2g}") for k in keys(f"{mode}.grad_norm.") if a[k][0] > 1e-3 * largest)

    def summary(mode):
        names = [f"block{k + 1}" for k in range(len(blocks))]
        row = lambda v: {"mean": num(v[0]), "std": num(v[1]), "first8": [num(x) for x in v[2:]]}
        return {n: row(a[f"{mode}.{n}"]) for n in names}

    out = {"gain": 1.0, "side": side, "labels": LABELS, "label_smoothing": 0.1}
    out["max_f32_difference"] = {
        f"{mode}.{what}": worst(f"{mode}.{prefix}")
        for mode in ("eval", "train")
        for what, prefix in (("logits", "logits"), ("blocks", "block"), ("loss", "loss"))
    } | {"train.bn": worst("bn."), "train.grad_first4": worst("train.grad_first4."), **{f"{mode}.grad_norm_relative": relative(mode) for mode in ("eval", "train")}}
    for mode in ("eval", "train"):
        out[f"{mode}_logits"] = [[num(x) for x in row] for row in a[f"{mode}.logits"].reshape(2, 10)]
        out[f"{mode}_loss"], out[f"{mode}_blocks"] = num(a[f"{mode}.loss"][0]), summary(mode)
        out[f"{mode}_grad_norm"] = norms(mode)
    first4 = {k.removeprefix("train.grad_first4."): [num(x) for x in a[k]] for k in keys("train.grad_first4.")}
    out["train_grad_first4"] = first4
    out["bn_after_one_training_forward"] = {
        k[3:]: {"mean": num(a[k][0]), "first16": [num(x) for x in a[k][1:]]} for k in keys("bn.")
    }
    return out


def write(name, table):
    old = json.loads((OUT / name).read_text()) if CHOSEN else {}
    rows = {k: table.get(k, old.get(k)) for k in NETWORKS if k in table or k in old}
    lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in rows.items())
    (OUT / name).write_text("{\n" + lines + "\n}\n")


CHOSEN = sys.argv[2:]
made = {n: row for n, row in NETWORKS.items() if not CHOSEN or n in CHOSEN}
write("further.json", {n: structure(make, side, classes, blocks) for n, (make, side, classes, _, blocks) in made.items()})
write("further.golden.json", {n: golden(make, side, blocks) for n, (make, _, _, side, blocks) in made.items() if side})
