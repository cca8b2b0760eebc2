"""Batch norm, by PyTorch's own kernels: rows of channels are an image of one pixel each, channels last."""

import torch

from activations import CURVES, FROM_OUTPUT, slope
from device import DEVICE, SUM_DTYPE
from executable import primitive

aten = torch.ops.aten


# On a CPU, rows that are summed in float32 one after the other: PyTorch does so with all of them, channels last.
FEWEST = 64


def parts_of(rows):
    """The largest power of two that divides the rows and leaves so many in each part."""
    parts = 1
    while rows % (2 * parts) == 0 and rows // (2 * parts) >= FEWEST:
        parts *= 2
    return parts


def statistics(x):
    """Mean and biased variance of rows."""
    if DEVICE.type == "mps":
        return torch.var_mean(x, 0, correction=0)[::-1]
    rows, channels = x.shape
    parts = parts_of(rows) if DEVICE.type == "cpu" else 1
    mean, variance = aten.batch_norm_update_stats(x.view(rows // parts, parts * channels), None, None, 0)
    mean, variance = mean.to(SUM_DTYPE).view(parts, channels), variance.to(SUM_DTYPE).view(parts, channels)
    spread, whole = torch.var_mean(mean, 0, correction=0)
    return whole, variance.mean(0).add_(spread)


@primitive
def batch_norm_statistics(o, n, _):
    x, channels = o.get("x", n.rows, n.channels), n.channels
    mean, variance = statistics(x)
    o.get("mean", channels).lerp_(mean.float(), n.momentum)
    o.get("variance", channels).lerp_((variance * (n.rows / max(1, n.rows - 1))).float(), n.momentum)
    inverse = torch.rsqrt(variance + n.eps)
    scale = o.get("gamma", channels) * inverse
    # In float64: nothing of beta is lost in shift.
    o.put("saved", torch.stack([scale, torch.addcmul(o.get("beta", channels), mean, scale, value=-1), mean, inverse]))


def normalized(o, n, x, saved):
    """scale · (x − mean) + beta, which keeps its digits where |mean| is far above the deviation."""
    scale, shift, mean, _inverse = saved
    beta = torch.addcmul(shift, mean, scale).float()
    unit = o.once("unit", lambda: beta.new_ones(n.channels))
    return aten.native_batch_norm(x, scale.float(), beta, mean.float(), unit, False, 0, 0)[0]


@primitive
def batch_norm_output(o, n, _):
    y = normalized(o, n, o.get("x", n.rows, n.channels), o.get("saved", 4, n.channels))
    if o.has("residual"):
        y = y.add_(o.get("residual", n.rows, n.channels))
    o.put("y", CURVES[n.activation](y))


def before_activation(o, n, x, g, saved):
    """The gradient before the activation: its slope is read from the output where that is there, else the norm's is made anew."""
    if o.has("y"):
        return slope(n.activation, g, o.get("y", n.rows, n.channels))
    if n.activation in FROM_OUTPUT and o.has("output"):
        return slope(n.activation, g, o.get("output", n.rows, n.channels))
    return slope(n.activation, g, normalized(o, n, x, saved))


@primitive
def batch_norm_gradient(o, n, _):
    x, g, saved = o.get("x", n.rows, n.channels), o.get("dy", n.rows, n.channels), o.get("saved", 4, n.channels)
    if n.activation:
        g = before_activation(o, n, x, g, saved)
    if o.has("y"):
        o.put_view("dy", g)
    scale, _shift, mean, inverse = saved.float()
    dx, dgamma, dbeta = aten.native_batch_norm_backward(
        g.to(x.dtype), x, scale / inverse, None, None, mean, inverse, True, 0, [True, True, True]
    )
    o.put("dx", dx)
    o.put("dgamma", dgamma)
    o.put("dbeta", dbeta)


@primitive
def fold_batch_norm(o, n, _):
    scale = o.get("gamma", n.channels) / torch.sqrt(o.get("variance", n.channels) + n.eps)
    o.put("scale", scale)
    o.put("shift", o.get("beta", n.channels) - o.get("mean", n.channels) * scale)


@primitive
def affine(o, n, _):
    y = o.get("x", n.rows, n.channels)
    scale, shift = o.get("scale", n.channels), o.get("shift", n.channels)
    y = y * scale if shift is None else torch.addcmul(shift, y, scale)
    if o.has("residual"):
        y = y.add_(o.get("residual", n.rows, n.channels))
    o.put("y", CURVES[n.activation](y))
