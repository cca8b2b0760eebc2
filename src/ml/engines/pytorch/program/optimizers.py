"""Update rules. What changes from step to step (learning rate …) is tensors of no dimension."""

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


@primitive
def adamw(o, n, c):
    decayed = (1 - c["learningRate"] * c["weightDecay"]).float()
    length, correction = (-c["learningRate"] / c["biasCorrection1"]).float(), c["biasCorrection2Sqrt"].float()
    for w, g, first, second in pieces(o, n, "w", "g", "expAvg", "expAvgSq"):
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
    rate = (-c["learningRate"]).float()
    for w, g, velocity in pieces(o, n, "w", "g", "momentumBuffer"):
        g = with_decay(n, w, g, c)
        velocity.mul_(n.momentum).add_(g)
        w.addcmul_(g.add(velocity, alpha=n.momentum) if n.nesterov else velocity, rate)


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
