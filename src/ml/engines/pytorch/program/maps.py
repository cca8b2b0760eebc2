"""Maps: [batch, height, width, channels] in memory, which PyTorch sees as NCHW, channels last. Pools, gates, joins, dropout."""

import torch
import torch.nn.functional as F

from activations import CURVES
from executable import primitive

aten = torch.ops.aten


def flat_of(maps):
    return maps.permute(0, 2, 3, 1).reshape(-1)


def inputs_of(o, n, operand):
    return o.get(operand, n.batch, n.height, n.width, n.channels).permute(0, 3, 1, 2)


def output_channels(n):
    """Channels of an output in memory: those of the input where each has its own."""
    return getattr(n, "outChannels", n.channels)


def outputs_of(o, n, operand):
    return o.get(operand, n.batch, n.outHeight, n.outWidth, output_channels(n)).permute(0, 3, 1, 2)


def padded(flat, channels, stride):
    """Rows of so many channels, each filled up with zeros to the stride."""
    return flat if channels == stride else F.pad(flat.view(-1, channels), (0, stride - channels)).reshape(-1)


def windowed(n):
    """Arguments of a pooling window."""
    return [n.kernel] * 2, [n.stride] * 2, [n.padding] * 2


@primitive
def max_pool(o, n, _):
    o.put("y", flat_of(F.max_pool2d(inputs_of(o, n, "x"), *windowed(n))))


@primitive
def max_pool_gradient(o, n, _):
    x, dy = inputs_of(o, n, "x"), outputs_of(o, n, "dy")
    _, indices = F.max_pool2d(x, *windowed(n), return_indices=True)
    dx = aten.max_pool2d_with_indices_backward(dy.to(x.dtype), x, *windowed(n), [1, 1], False, indices)
    o.put("dx", flat_of(dx), n.accumulate)


@primitive
def average_pool(o, n, _):
    o.put("y", flat_of(F.avg_pool2d(inputs_of(o, n, "x"), *windowed(n), False, bool(n.countPadding))))


@primitive
def average_pool_gradient(o, n, _):
    dy = outputs_of(o, n, "dy")
    like = dy.new_empty((n.batch, n.height, n.width, n.channels)).permute(0, 3, 1, 2)
    o.put("dx", flat_of(aten.avg_pool2d_backward(dy, like, *windowed(n), False, bool(n.countPadding), None)), n.accumulate)


@primitive
def pad(o, n, _):
    around = n.padding
    x = o.get("x", n.batch, n.height, n.width, n.channels)
    o.put_view("y", F.pad(x, (0, n.stride - n.channels, around, around, around, around)))


@primitive
def copy_channels(o, n, _):
    flat = o.get("x")
    x = flat.as_strided((n.rows, n.channels), (n.fromStride, n.fromStep), flat.storage_offset() + getattr(n, "from"))
    if n.to == 0 and n.toStep == 1 and (not n.accumulate or n.channels == n.toStride):
        o.put_view("y", padded(x.reshape(-1), n.channels, n.toStride), n.accumulate)
        return
    y = o.memory("y")[: n.rows * n.toStride].view(n.rows, n.toStride)
    last = n.to + (n.channels - 1) * n.toStep
    if not n.accumulate:
        y[:, last + 1 :] = 0
    part = y[:, n.to : last + 1 : n.toStep]
    if n.accumulate:
        part.add_(x)
    else:
        part.copy_(x)


@primitive
def zero(o, n, _):
    o.put("y", o.executable.room(n.count))


@primitive
def add(o, n, _):
    o.put("y", CURVES[n.activation](o.get("a", n.count) + o.get("b", n.count)))


@primitive
def multiply(o, n, _):
    quotient = n.rows // n.area
    a, b = o.get("a", quotient, n.area, n.channels), o.get("b", quotient, 1, n.channels)
    o.put("y", a * b, n.accumulate)


@primitive
def multiply_gradient(o, n, _):
    shape = n.rows // n.area, n.area, n.channels
    o.put("db", (o.get("dy", *shape) * o.get("a", *shape)).sum(1), n.accumulate)


WORD = 2**32 - 1
STREAMS = {"dropout": 0x27D4EB2F, "depth": 0x94D049BB}


def mixed(x):
    """MurmurHash3's finaliser of 32-bit words in int64 (Appleby)."""
    x = x ^ (x >> 16)
    x = x * 0x85EBCA6B & WORD
    x = x ^ (x >> 13)
    x = x * 0xC2B2AE35 & WORD
    return x ^ (x >> 16)


def drawn(o, controls, stream, places):
    """The same bits as random/random.ts draws for (seed, stream, step, place)."""
    state = mixed((controls["seed"] + o.numbers.salt ^ STREAMS[stream]) & WORD)
    state = mixed((state + controls["step"] * 0x9E3779B1) & WORD)
    return mixed((state + places * 0x9E3779B1 + 0x7F4A7C15) & WORD)


def drop(o, n, kept, shape):
    x = o.get("x", *shape)
    o.put("y", torch.where(kept >= n.rate * 2**32, x / (1 - n.rate), x.new_zeros(())), n.accumulate)


@primitive
def dropout(o, n, controls):
    def places():
        device = controls["step"].device
        rows = torch.arange(n.rows, device=device).unsqueeze(1) * n.channels
        return rows + torch.arange(n.stride, device=device)

    drop(o, n, drawn(o, controls, "dropout", o.once("places", places)), (n.rows, n.stride))


@primitive
def stochastic_depth(o, n, controls):
    images = n.rows // n.area
    samples = o.once("samples", lambda: torch.arange(images, device=controls["step"].device).unsqueeze(1))
    drop(o, n, drawn(o, controls, "depth", samples), (images, n.area * n.channels))
