"""Activations, of any operation that ends with one, and their gradients."""

import torch
import torch.nn.functional as F

from executable import primitive

aten = torch.ops.aten
NONE, RELU, RELU6, SILU, SIGMOID, HARD_SIGMOID = range(6)

# They may change what they are given.
CURVES = {
    NONE: lambda x: x,
    RELU: torch.relu_,
    RELU6: lambda x: x.clamp_(0, 6),
    SILU: lambda x: F.silu(x, inplace=True),
    SIGMOID: torch.sigmoid_,
    HARD_SIGMOID: lambda x: F.hardsigmoid(x, inplace=True),
}

GRADIENTS = {
    NONE: lambda g, x: g,
    RELU: lambda g, x: aten.threshold_backward(g, x, 0),
    RELU6: lambda g, x: aten.hardtanh_backward(g, x, 0, 6),
    SILU: aten.silu_backward,
    SIGMOID: lambda g, x: aten.sigmoid_backward(g, torch.sigmoid(x)),
    HARD_SIGMOID: aten.hardsigmoid_backward,
}

# Their slopes may be read from their outputs as well.
FROM_OUTPUT = {NONE, RELU, RELU6}


def slope(code, g, x):
    """Gradient before an activation, of what it was given."""
    return GRADIENTS[code](g.to(x.dtype), x)


@primitive
def activation(o, n, _):
    o.put("y", CURVES[n.activation](o.get("x", n.count).clone()))


@primitive
def activation_gradient(o, n, _):
    o.put("dx", slope(n.activation, o.get("dy", n.count), o.get("x", n.count)), n.accumulate)
