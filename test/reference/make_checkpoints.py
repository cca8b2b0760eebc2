#!/usr/bin/env python3
"""Makes test/fixtures/torch/checkpoints/: convnet4 of two classes, in the checkpoints that people have.

    python test/reference/make_checkpoints.py        (PyTorch 2.15 and NumPy; nothing is downloaded)

Element i of the k-th tensor (batch counters not counted) is k + i/1024; in averages it is one half more.
"""
import argparse, pathlib, warnings

import numpy, torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "torch" / "checkpoints"
OUT.mkdir(parents=True, exist_ok=True)
warnings.simplefilter("ignore")


def block(channels, width):
    return nn.ModuleDict({"conv": nn.Conv2d(channels, width, 3, padding=1, bias=False), "bn": nn.BatchNorm2d(width)})


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.block1, self.block2, self.block3 = block(3, 4), block(4, 8), block(8, 16)
        self.fc = nn.Linear(16, 2)

    def forward(self, image):
        return self.fc(image.mean((2, 3)))


def fill(net, more=0.0):
    floats = [value for value in net.state_dict().values() if value.is_floating_point()]
    for k, value in enumerate(floats):
        value.copy_(k + torch.arange(value.numel()).reshape(value.shape) / 1024 + more)
    for name, value in net.state_dict().items():
        if name.endswith("num_batches_tracked"):
            value.fill_(7)
    return net


net, mean = fill(ConvNet()), fill(ConvNet(), 0.5)
state, average = net.state_dict(), mean.state_dict()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
args = argparse.Namespace(lr=0.1, output=pathlib.PurePosixPath("runs"), betas=(0.9, 0.999), names={"a", "b"})


def prefixed(prefix, of=state):
    return {prefix + name: value for name, value in of.items()}


def save(name, content, **how):
    torch.save(content, OUT / name, **how)


# timm's CheckpointSaver
save("timm.pth", {"epoch": 3, "arch": "convnet4", "state_dict": state, "optimizer": optimizer.state_dict(), "version": 2,
                  "args": args, "state_dict_ema": average, "metric": numpy.float64(91.5)})
# torchvision's references/classification/train.py
save("torchvision.pth", {"model": state, "optimizer": optimizer.state_dict(), "epoch": 3, "args": args,
                         "acc1": torch.tensor(91.5), "model_ema": AveragedModel(mean).state_dict(),
                         "scaler": torch.amp.GradScaler("cpu").state_dict()})
save("compiled.pth", torch.compile(nn.DataParallel(net)).state_dict())
save("averaged-legacy.pth", AveragedModel(mean).state_dict(), _use_new_zipfile_serialization=False)
# Lightning, which keeps the teacher too
save("lightning.ckpt", {"epoch": 3, "pytorch-lightning_version": "2.5", "loops": {"fit_loop": {"state_dict": {}}},
                        "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.9)}},
                        "hyper_parameters": {"lr": 0.1}, "optimizer_states": [optimizer.state_dict()],
                        "state_dict": {**prefixed("student._orig_mod."), **prefixed("teacher.", average),
                                       "criterion.weight": torch.ones(2)}}, pickle_protocol=4)
# What PyTorch negates when it is read: the storage has the other sign.
save("negated.pth", {**state, **{name: torch._neg_view(-value) for name, value in state.items() if value.is_floating_point()},
                     "fc.bias": torch.complex(torch.zeros(2), -state["fc.bias"]).conj().imag})
save("extras.pth", {**state, "mask": torch.tensor([True, False]), "fc.zero_point": torch.tensor([1, 2], dtype=torch.int8),
                    "ids": torch.tensor([3], dtype=torch.uint16), "seen": torch.tensor([1, 2])})
save("extras-legacy.pth", {**state, "mask": torch.tensor([True, False]), "ids": torch.tensor([3], dtype=torch.int16)},
     _use_new_zipfile_serialization=False)
save("quantised.pth", {**state, "fc.weight": torch.quantize_per_tensor(state["fc.weight"], 0.1, 0, torch.qint8)})
save("float8.pth", {**state, "fc.weight": state["fc.weight"].to(torch.float8_e4m3fn)})
named = nn.Parameter(state["fc.bias"].clone())
named.origin = "pruning"
save("attributes.pth", {**state, "fc.bias": named})
torch.jit.save(torch.jit.script(nn.Linear(1, 1)), OUT / "torchscript.pt")
numpy.savez(OUT / "arrays.npz", **{"fc.bias": numpy.zeros(2, "f4")})
