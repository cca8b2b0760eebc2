"""Numbers that are pure functions of (name, flat index); test/support/hashed.ts has the same."""
import numpy as np
import torch
from torch import nn

U32 = np.uint32


def uniform(name, shape):
    h = 0x811C9DC5
    for byte in name.encode():
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    i = np.arange(int(np.prod(shape)), dtype=np.uint64)
    x = ((np.uint64(h) + i * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)).astype(U32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        x ^= x >> U32(shift)
        x *= U32(factor)
    x ^= x >> U32(16)
    return (x / 4294967296.0).reshape(shape)


def value(name, owner, shape, gain):
    u, leaf = uniform(name, shape), name.rpartition(".")[2]
    if isinstance(owner, nn.BatchNorm2d):
        v = 0.5 + u if leaf in ("weight", "running_var") else (2 * u - 1) * 0.1
    elif leaf == "weight":
        v = (2 * u - 1) * (gain * np.sqrt(3 / np.prod(shape[1:])))
    else:
        v = (2 * u - 1) * 0.1
    return torch.from_numpy(v.astype(np.float32)).double()


def filled(model, gain=1.0):
    """The model in float64 with hash-made weights, which are rounded to float32 first."""
    model = model.double()
    owners = dict(model.named_modules())
    with torch.no_grad():
        for name, t in model.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                t.copy_(value(name, owners[name.rpartition(".")[0]], tuple(t.shape), gain))
    return model
