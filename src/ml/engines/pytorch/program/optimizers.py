"""Update rules. What changes from step to step (learning rate …) is tensors of no dimension.

A CPU has PyTorch's fused kernels of some: one pass over memory, and one wait for its threads, instead of one for each operation.
"""

from math import log

import torch

from device import DEVICE
from executable import primitive

# On a CPU: floats that its caches hold of all arrays of a rule.
PIECE = 2**16


def pieces(o, n, *operands):
    """The arrays of a rule, piece by piece."""
    step = PIECE if DEVICE.type == "cpu" else n.count

    def make():
        arrays = [o.get(operand, n.count).split(step) for operand in operands]
        return list(zip(*arrays))

    return o.once("pieces", make)


def updates(n, c):
    """How often a rule has been applied, which its second bias correction √(1 − β₂ᵗ) says; ∞ where that is 1."""
    return torch.round(torch.log1p(-c["biasCorrection2Sqrt"].square()) / log(n.beta2)).float()


def fused_adamw(o, n, c, decayed):
    w, *others = (o.get(operand, n.count) for operand in ("w", "g", "expAvg", "expAvgSq"))
    if n.decay:
        w.mul_(decayed)
    fixed = {"beta1": n.beta1, "beta2": n.beta2, "eps": n.eps, "weight_decay": 0, "amsgrad": False, "maximize": False}
    torch._fused_adamw_([w], *([one] for one in others), [], [updates(n, c)], lr=c["learningRate"], **fixed)


@primitive
def adamw(o, n, c):
    decayed = (1 - c["learningRate"] * c["weightDecay"]).float()
    if DEVICE.type == "cpu":
        return fused_adamw(o, n, c, decayed)
    length, correction = (-c["learningRate"] / c["biasCorrection1"]).float(), c["biasCorrection2Sqrt"].float()
    w, g, first, second = (o.get(operand, n.count) for operand in ("w", "g", "expAvg", "expAvgSq"))
    if n.decay:
        w.mul_(decayed)
    first.lerp_(g, 1 - n.beta1)
    second.mul_(n.beta2).addcmul_(g, g, value=1 - n.beta2)
    root = second.sqrt().div_(correction).add_(n.eps)
    w.addcmul_(torch.div(first, root, out=root), length)


def with_decay(n, w, g, c):
    return torch.addcmul(g, w, c["weightDecay"].float()) if n.decay else g


@primitive
def sgd(o, n, c):
    w, g, velocity = (o.get(operand, n.count) for operand in ("w", "g", "momentumBuffer"))
    g = with_decay(n, w, g, c)
    if DEVICE.type == "cpu" and n.momentum > 0:  # the kernel keeps no velocity without
        fixed = {"weight_decay": 0, "dampening": 0, "maximize": False, "is_first_step": False}
        rule = {"momentum": n.momentum, "nesterov": bool(n.nesterov), "lr": c["learningRate"]}
        torch._fused_sgd_([w], [g], [velocity], **rule, **fixed)
        return
    velocity.mul_(n.momentum).add_(g)
    w.addcmul_(g.add(velocity, alpha=n.momentum) if n.nesterov else velocity, (-c["learningRate"]).float())


@primitive
def rmsprop(o, n, c):
    rate = (-c["learningRate"]).float()
    for w, g, square, velocity in pieces(o, n, "w", "g", "squareAvg", "momentumBuffer"):
        g = with_decay(n, w, g, c)
        square.mul_(n.alpha).addcmul_(g, g, value=1 - n.alpha)
        velocity.mul_(n.momentum).addcdiv_(g, square.sqrt().add_(n.eps))
        w.addcmul_(velocity, rate)


@primitive
def moving_average(o, n, c):
    o.get("average", n.count).lerp_(o.get("x", n.count), c["averageStep"].float())
