"""Runs lowered programs with PyTorch. Requests come on standard input, answers go to standard output.

A frame is the length of a header (4 bytes, little-endian), the header (JSON), and as many float32 values as its `floats`
says. Every request gets one answer, in order; one that fails gets `{"error": {"code", "message"}}`.

Memory that others name (regions: parameters, optimiser slots, ports of steps) is flat tensors of float32. What lies between
two operations of a program is not written there: an operation's result simply takes the place of its buffer's value, and is
let go after its last reader. Maps are [batch, height, width, channels] in memory; PyTorch sees them as channels-last NCHW.
The primitives and their numbers are described in ../network-primitives.ts and ../array-primitives.ts.
"""

import ctypes
import json
import os
import struct
import sys
from types import SimpleNamespace

# Answers alone go to standard output: what libraries print there goes to standard error.
ANSWERS = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

aten = torch.ops.aten


def best_device():
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


DEVICE = best_device()
# MPS has no float64: sums there are taken in float32.
SUM_DTYPE = torch.float32 if DEVICE.type == "mps" else torch.float64
# Products of float32 stay products of float32: TensorFloat-32 has 10 bits of them.
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
torch.set_grad_enabled(False)


# ---- programs ---------------------------------------------------------------------------------------------------------


class Operation:
    """One primitive with the places of its operands: `get` reads one, `put` gives one its new value."""

    def __init__(self, executable, description):
        name = description["primitive"]
        self.run = PRIMITIVES.get(name)
        if self.run is None:
            raise Refused("missing-primitive", f"the pytorch engine has no primitive {name}")
        self.executable = executable
        self.operands = description["operands"]
        self.numbers = SimpleNamespace(**description["numbers"])
        self.last = ()  # buffers that nobody reads any more

    def buffers(self):
        return [ref["buffer"] for ref in self.operands.values() if ref and ref["space"] == "step"]

    def has(self, operand):
        return self.operands.get(operand) is not None

    def get(self, operand, *shape):
        """An operand's values, flat or in a shape; None where it is left out."""
        ref = self.operands[operand]
        if ref is None:
            return None
        flat = self.executable.values_at(ref)
        if not shape:
            return flat
        count = 1
        for length in shape:
            count *= length
        return flat[:count].view(shape)

    def put(self, operand, value, accumulate=0):
        """Gives an operand its value, all of it from its beginning on; or adds to it."""
        flat = value.reshape(-1).contiguous()
        if accumulate:
            flat = self.get(operand)[: flat.numel()] + flat
        self.executable.replace(self.operands[operand], flat)

    def memory(self, operand):
        """An operand's own memory, to be written to in part."""
        return self.executable.memory_at(self.operands[operand])


class Executable:
    def __init__(self, program, regions):
        self.regions = regions
        self.memory = program["memory"]
        self.offsets = program["offsets"]
        self.ports = program["ports"]
        self.pinned = {port["ref"]["buffer"] for port in self.ports.values() if port["ref"]["space"] == "step"}
        self.values = {}
        self.sections = {
            name: [Operation(self, one) for one in operations] for name, operations in program["sections"].items()
        }
        seen = set(self.pinned)
        for operation in reversed([one for operations in self.sections.values() for one in operations]):
            last = [buffer for buffer in operation.buffers() if buffer not in seen]
            seen.update(last)
            operation.last = tuple(last)

    def region_at(self, ref):
        if ref["space"] == "outside":
            return self.regions[ref["region"]][ref["offset"] :]
        region = self.regions[self.memory[ref["space"]]]
        if ref["space"] == "step":
            return region[self.offsets[ref["buffer"]] + ref.get("offset", 0) :]
        return region[ref["offset"] :]

    def is_value(self, ref):
        return ref["space"] == "step" and ref["buffer"] not in self.pinned

    def values_at(self, ref):
        if self.is_value(ref) and ref["buffer"] in self.values:
            return self.values[ref["buffer"]][ref.get("offset", 0) :]
        return self.region_at(ref)

    def is_in_region(self, flat):
        pointer = flat.untyped_storage().data_ptr()
        return any(region.untyped_storage().data_ptr() == pointer for region in self.regions.values())

    def replace(self, ref, flat):
        if self.is_value(ref) and not ref.get("offset"):
            # A view of a region would change with what is written there next.
            self.values[ref["buffer"]] = flat.clone() if self.is_in_region(flat) else flat
        else:
            self.memory_at(ref)[: flat.numel()].copy_(flat)

    def memory_at(self, ref):
        if self.is_value(ref):
            value = self.values.pop(ref["buffer"], None)
            if value is not None:
                self.region_at({**ref, "offset": 0})[: value.numel()].copy_(value)
        return self.region_at(ref)

    def port(self, name):
        port = self.ports[name]
        return self.region_at(port["ref"])[: port["floats"]]

    def run(self, section, controls):
        for operation in self.sections[section]:
            operation.run(operation, operation.numbers, controls)
            for buffer in operation.last:
                self.values.pop(buffer, None)


PRIMITIVES = {}


def primitive(function):
    PRIMITIVES[function.__name__.replace("_", "-")] = function
    return function


# ---- activations ------------------------------------------------------------------------------------------------------

NONE, RELU, RELU6, SILU, SIGMOID, HARD_SIGMOID = range(6)

CURVES = {
    NONE: lambda x: x,
    RELU: torch.relu,
    RELU6: lambda x: x.clamp(0, 6),
    SILU: F.silu,
    SIGMOID: torch.sigmoid,
    HARD_SIGMOID: F.hardsigmoid,
}

GRADIENTS = {
    NONE: lambda g, x: g,
    RELU: lambda g, x: aten.threshold_backward(g, x, 0),
    RELU6: lambda g, x: aten.hardtanh_backward(g, x, 0, 6),
    SILU: aten.silu_backward,
    SIGMOID: lambda g, x: aten.sigmoid_backward(g, torch.sigmoid(x)),
    HARD_SIGMOID: aten.hardsigmoid_backward,
}


@primitive
def activation(o, n, _):
    o.put("y", CURVES[n.activation](o.get("x", n.count)))


@primitive
def activation_gradient(o, n, _):
    o.put("dx", GRADIENTS[n.activation](o.get("dy", n.count), o.get("x", n.count)), n.accumulate)


# ---- maps -------------------------------------------------------------------------------------------------------------


def nchw(flat, batch, height, width, channels):
    return flat[: batch * height * width * channels].view(batch, height, width, channels).permute(0, 3, 1, 2)


def flat_of(maps):
    return maps.permute(0, 2, 3, 1).reshape(-1)


def inputs_of(o, n, operand):
    return nchw(o.get(operand), n.batch, n.height, n.width, n.channels)


def output_channels(n):
    """Channels of an output in memory: those of the input where each has its own."""
    return getattr(n, "outChannels", n.channels)


def outputs_of(o, n, operand):
    return nchw(o.get(operand), n.batch, n.outHeight, n.outWidth, output_channels(n))


def follow(o, sums, rows, channels, code):
    """activation(scale · sums + shift + residual); what is absent is left out."""
    y = sums.reshape(rows, channels)
    scale, shift = o.get("scale", channels), o.get("shift", channels)
    if scale is not None:
        y = y * scale
    if shift is not None:
        y = y + shift
    residual = o.get("residual", rows, channels)
    if residual is not None:
        y = y + residual
    o.put("y", CURVES[code](y))


# Filters in memory, and as PyTorch has them, [out, in of a group, kernel, kernel].


class Dense:
    """[out / panel][kernel² · in][panel]"""

    groups = 1

    def __init__(self, n):
        self.outputs, self.inputs, self.kernel = n.outChannels, n.channels, n.kernel
        self.shape = (n.outChannels, n.channels, n.kernel, n.kernel)

    def read(self, flat):
        o, i, k = self.outputs, self.inputs, self.kernel
        panels = flat[: o * i * k * k].view(o // PANEL, k, k, i, PANEL)
        return panels.permute(0, 4, 3, 1, 2).reshape(self.shape)

    def flat(self, filters):
        o, i, k = self.outputs, self.inputs, self.kernel
        return filters.reshape(o // PANEL, PANEL, i, k, k).permute(0, 3, 4, 2, 1).reshape(-1)


class Tapped:
    """[kernel²][in of a group][out]"""

    def __init__(self, kernel, groups, inputs, outputs):
        self.groups, self.kernel, self.inputs, self.outputs = groups, kernel, inputs, outputs
        self.shape = (outputs, inputs, kernel, kernel)

    def read(self, flat):
        k, i, o = self.kernel, self.inputs, self.outputs
        return flat[: k * k * i * o].view(k, k, i, o).permute(3, 2, 0, 1)

    def flat(self, filters):
        return filters.permute(2, 3, 1, 0).reshape(-1)


def read_through(o, n):
    """A product's input, or the output of the batch norm that it is read through."""
    x = inputs_of(o, n, "x")
    if not o.has("inputNorm"):
        return x
    scale, shift = o.get("inputNorm", 2, n.channels).float().view(2, n.channels, 1, 1)
    return CURVES[n.inputActivation](torch.addcmul(shift, x, scale))


def factor(maps, n):
    """A factor of products in half precision, or as it is."""
    return maps.bfloat16() if getattr(n, "bfloat16", 0) else maps


def convolve(o, n, filters, maps):
    inputs, outputs = maps
    x = factor(read_through(o, n)[:, :inputs], n)
    w = factor(filters.read(o.get("filter")), n)
    y = F.conv2d(x, w, None, n.stride, n.padding, getattr(n, "dilation", 1), filters.groups).float()
    return padded(flat_of(y), outputs, output_channels(n))


def padded(flat, channels, stride):
    """Rows of so many channels, each filled up with zeros to the stride."""
    return flat if channels == stride else F.pad(flat.view(-1, channels), (0, stride - channels)).reshape(-1)


def convolution_gradient(o, n, filters, maps, of_input):
    inputs, outputs = maps
    dy = factor(outputs_of(o, n, "dy")[:, :outputs], n)
    absent = dy.new_empty(1)
    if of_input:
        x, w = absent.expand(n.batch, inputs, n.height, n.width), factor(filters.read(o.get("filter")), n)
    else:
        x = factor(read_through(o, n)[:, :inputs], n)
        w = absent.expand(filters.shape)
    step, around, spread = [n.stride] * 2, [n.padding] * 2, [getattr(n, "dilation", 1)] * 2
    wanted = [of_input, not of_input, False]
    gradients = aten.convolution_backward(dy, x, w, None, step, around, spread, False, [0, 0], filters.groups, wanted)
    if of_input:
        o.put("dx", padded(flat_of(gradients[0].float()), inputs, n.channels), n.accumulate)
    else:
        o.put("dfilter", filters.flat(gradients[1].float()))


def dense(n):
    return Dense(n), (n.channels, n.outChannels)


def depthwise(n):
    return Tapped(n.kernel, n.channels, 1, n.channels), (n.channels, n.channels)


def grouped(n):
    """Channels are padded, those of the groups are not."""
    return Grouped(n), (n.groups * n.groupInputs, n.groups * n.groupOutputs)


class Grouped(Tapped):
    """[kernel²][in of a group][out], out padded."""

    def __init__(self, n):
        super().__init__(n.kernel, n.groups, n.groupInputs, n.groups * n.groupOutputs)
        self.stride = n.outChannels

    def read(self, flat):
        k, i = self.kernel, self.inputs
        return flat[: k * k * i * self.stride].view(k, k, i, self.stride)[..., : self.outputs].permute(3, 2, 0, 1)

    def flat(self, filters):
        return padded(filters.permute(2, 3, 1, 0).reshape(-1), self.outputs, self.stride)


def family(prefix, of):
    """The three primitives of a family of convolutions."""

    def forward(o, n, _):
        follow(o, convolve(o, n, *of(n)), n.batch * n.outHeight * n.outWidth, output_channels(n), n.activation)

    PRIMITIVES[prefix] = forward
    PRIMITIVES[f"{prefix}-input-gradient"] = lambda o, n, _: convolution_gradient(o, n, *of(n), True)
    PRIMITIVES[f"{prefix}-filter-gradient"] = lambda o, n, _: convolution_gradient(o, n, *of(n), False)


family("conv", dense)
family("depthwise", depthwise)
family("grouped-conv", grouped)


@primitive
def bias_gradient(o, n, _):
    o.put("dbias", o.get("dy", n.rows, n.channels).sum(0))


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
    dx = aten.max_pool2d_with_indices_backward(dy, x, *windowed(n), [1, 1], False, indices)
    o.put("dx", flat_of(dx), n.accumulate)


@primitive
def average_pool(o, n, _):
    o.put("y", flat_of(F.avg_pool2d(inputs_of(o, n, "x"), *windowed(n), False, False)))


@primitive
def average_pool_gradient(o, n, _):
    dy = outputs_of(o, n, "dy")
    like = dy.new_empty((n.batch, n.height, n.width, n.channels)).permute(0, 3, 1, 2)
    o.put("dx", flat_of(aten.avg_pool2d_backward(dy, like, *windowed(n), False, False, None)), n.accumulate)


@primitive
def pad(o, n, _):
    around = n.padding
    x = o.get("x", n.batch, n.height, n.width, n.channels)
    o.put("y", F.pad(x, (0, n.stride - n.channels, around, around, around, around)))


@primitive
def copy_channels(o, n, _):
    x = o.get("x").as_strided(
        (n.rows, n.channels), (n.fromStride, n.fromStep), o.get("x").storage_offset() + getattr(n, "from")
    )
    if n.to == 0 and n.toStep == 1 and (not n.accumulate or n.channels == n.toStride):
        o.put("y", padded(x.reshape(-1), n.channels, n.toStride), n.accumulate)
        return
    y = o.memory("y")[: n.rows * n.toStride].view(n.rows, n.toStride)
    last = n.to + (n.channels - 1) * n.toStep
    if not n.accumulate:
        y[:, last + 1 :] = 0
    part = y[:, n.to : last + 1 : n.toStep]
    part.copy_(part + x if n.accumulate else x)


@primitive
def zero(o, n, _):
    o.put("y", torch.zeros(n.count, device=DEVICE))


# ---- batch norm -------------------------------------------------------------------------------------------------------


def normalized(x, saved):
    """scale · x + shift as scale · (x − mean) + beta, which keeps its digits where |mean| is far above the deviation."""
    scale, shift, mean, _inverse = saved
    scale, mean = scale.float(), mean.float()
    beta = shift + mean.to(shift.dtype) * scale.to(shift.dtype)
    return torch.addcmul(beta.float(), x - mean, scale)


@primitive
def batch_norm_statistics(o, n, _):
    x, channels = o.get("x", n.rows, n.channels), n.channels
    gamma, beta = o.get("gamma", channels), o.get("beta", channels)
    variance, mean = torch.var_mean(x.to(SUM_DTYPE), 0, correction=0)
    inverse = torch.rsqrt(variance + n.eps)
    scale = gamma * inverse
    # In float64: nothing of beta is lost in shift.
    o.put("saved", torch.cat([scale, beta - mean * scale, mean, inverse]))
    o.get("mean", channels).lerp_(mean.float(), n.momentum)
    o.get("variance", channels).lerp_((variance * (n.rows / max(1, n.rows - 1))).float(), n.momentum)


@primitive
def batch_norm_output(o, n, _):
    y = normalized(o.get("x", n.rows, n.channels), o.get("saved", 4, n.channels))
    if o.has("residual"):
        y = y + o.get("residual", n.rows, n.channels)
    o.put("y", CURVES[n.activation](y))


@primitive
def batch_norm_gradient(o, n, _):
    x, g, saved = o.get("x", n.rows, n.channels), o.get("dy", n.rows, n.channels), o.get("saved", 4, n.channels)
    if n.activation:
        y = o.get("y", n.rows, n.channels) if o.has("y") else normalized(x, saved)
        g = GRADIENTS[n.activation](g, y)
    if o.has("y"):
        o.put("dy", g)
    scale, _shift, mean, inverse = saved.float()
    offset = x - mean
    dbeta = g.sum(0, dtype=SUM_DTYPE)
    dgamma = (g * offset).sum(0, dtype=SUM_DTYPE) * inverse
    slope, level = -scale * inverse * dgamma / n.rows, -scale * dbeta / n.rows
    o.put("dx", torch.addcmul(torch.addcmul(level.float(), offset, slope.float()), g, scale))
    o.put("dgamma", dgamma.float())
    o.put("dbeta", dbeta.float())


@primitive
def fold_batch_norm(o, n, _):
    scale = o.get("gamma", n.channels) / torch.sqrt(o.get("variance", n.channels) + n.eps)
    o.put("scale", scale)
    o.put("shift", o.get("beta", n.channels) - o.get("mean", n.channels) * scale)


@primitive
def affine(o, n, _):
    follow(o, o.get("x", n.rows, n.channels), n.rows, n.channels, n.activation)


# ---- sums, gates, dropout ---------------------------------------------------------------------------------------------


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


def drawn(seed, stream, step, places):
    """The same bits as random/random.ts draws for (seed, stream, step, place)."""
    state = mixed(torch.tensor((seed ^ STREAMS[stream]) & WORD, device=DEVICE))
    state = mixed((state + step * 0x9E3779B1) & WORD)
    return mixed((state + places * 0x9E3779B1 + 0x7F4A7C15) & WORD)


def drop(o, n, kept, shape):
    x = o.get("x", *shape)
    o.put("y", torch.where(kept >= n.rate * 2**32, x / (1 - n.rate), torch.zeros((), device=DEVICE)), n.accumulate)


@primitive
def dropout(o, n, controls):
    rows = torch.arange(n.rows, device=DEVICE).unsqueeze(1) * n.channels
    places = rows + torch.arange(n.stride, device=DEVICE)
    drop(o, n, drawn(controls["seed"] + n.salt, "dropout", controls["step"], places), (n.rows, n.stride))


@primitive
def stochastic_depth(o, n, controls):
    samples = torch.arange(n.rows // n.area, device=DEVICE).unsqueeze(1)
    kept = drawn(controls["seed"] + n.salt, "depth", controls["step"], samples)
    drop(o, n, kept, (n.rows // n.area, n.area * n.channels))


# ---- optimisers -------------------------------------------------------------------------------------------------------


@primitive
def adamw(o, n, c):
    w, g, first, second = (o.get(name, n.count) for name in ("w", "g", "expAvg", "expAvgSq"))
    if n.decay:
        w.mul_(1 - c["learningRate"] * c["weightDecay"])
    first.mul_(n.beta1).add_(g, alpha=1 - n.beta1)
    second.mul_(n.beta2).addcmul_(g, g, value=1 - n.beta2)
    root = second.sqrt().div_(c["biasCorrection2Sqrt"]).add_(n.eps)
    w.addcdiv_(first, root, value=-c["learningRate"] / c["biasCorrection1"])


def decayed(o, n, c):
    w, g = o.get("w", n.count), o.get("g", n.count)
    return w, g.add(w, alpha=c["weightDecay"]) if n.decay else g


@primitive
def sgd(o, n, c):
    w, g = decayed(o, n, c)
    velocity = o.get("momentumBuffer", n.count).mul_(n.momentum).add_(g)
    w.add_(g.add(velocity, alpha=n.momentum) if n.nesterov else velocity, alpha=-c["learningRate"])


@primitive
def rmsprop(o, n, c):
    w, g = decayed(o, n, c)
    square = o.get("squareAvg", n.count).mul_(n.alpha).addcmul_(g, g, value=1 - n.alpha)
    velocity = o.get("momentumBuffer", n.count).mul_(n.momentum).addcdiv_(g, square.sqrt().add_(n.eps))
    w.add_(velocity, alpha=-c["learningRate"])


@primitive
def moving_average(o, n, c):
    o.get("average", n.count).lerp_(o.get("x", n.count), c["averageStep"])


# ---- walks ------------------------------------------------------------------------------------------------------------

RANK, REGISTERS, BITS = 5, 16, 5

# In the order of FUNCTIONS in ../array-primitives.ts.
FUNCTIONS = [
    lambda a, b, c: a,
    lambda a, b, c: a + b,
    lambda a, b, c: a - b,
    lambda a, b, c: a * b,
    lambda a, b, c: a / b,
    lambda a, b, c: torch.maximum(a, b),
    lambda a, b, c: torch.minimum(a, b),
    lambda a, b, c: (a > b).float(),
    lambda a, b, c: (a == b).float(),
    lambda a, b, c: torch.where(a != 0, b, c),
    lambda a, b, c: a.exp(),
    lambda a, b, c: a.log(),
    lambda a, b, c: a.sqrt(),
    lambda a, b, c: a.abs(),
    lambda a, b, c: a.square(),
    lambda a, b, c: F.softplus(a, threshold=40),
    lambda a, b, c: a.sigmoid(),
    lambda a, b, c: torch.pow(a, b),
]


def strided(flat, shape, strides):
    return flat.as_strided(shape, strides, flat.storage_offset())


def walked(o, n):
    """The result of a walk's program at each of its places."""
    held = {}
    for register, operand in enumerate("abcdef"):
        if o.has(operand):
            held[register] = strided(o.get(operand), n.shape, n.strides[RANK * register : RANK * (register + 1)])
    for place, value in enumerate(n.constants):
        held[REGISTERS + place] = torch.tensor(value, dtype=torch.float32, device=DEVICE)
    result = held.get(0)
    for word in n.code[: n.instructions]:
        to, *of = ((word >> (8 + BITS * at)) & (2**BITS - 1) for at in range(4))
        result = FUNCTIONS[word & 255](*(held.get(register) for register in of))
        held[to] = result
    return result.expand(n.shape)


def dense_strides(shape):
    strides, step = [], 1
    for length in reversed(shape):
        strides.insert(0, step)
        step *= length
    return strides


@primitive
def elementwise(o, n, _):
    result = walked(o, n)
    dense = all(a == b or length == 1 for a, b, length in zip(n.yStrides, dense_strides(n.shape), n.shape))
    if dense:
        o.put("y", result.contiguous())
    else:
        strided(o.memory("y"), n.shape, n.yStrides).copy_(result)


@primitive
def reduce(o, n, _):
    result = walked(o, n)
    axes = [axis for axis in range(RANK) if n.reduced >> axis & 1]
    if n.largest:
        o.put("y", result.amax(axes) if axes else result)
    else:
        o.put("y", result.sum(axes, dtype=SUM_DTYPE).float() if axes else result)


@primitive
def matrix_product(o, n, _):
    a = strided(o.get("a"), (n.batch, n.rows, n.depth), (n.aBatch, n.aRow, n.aDepth))
    b = strided(o.get("b"), (n.batch, n.depth, n.columns), (n.bBatch, n.bDepth, n.bColumn))
    o.put("y", torch.bmm(a, b) if n.batch > 1 else a[0] @ b[0])


def rows_of(table, columns):
    return table[: table.numel() // columns * columns].view(-1, columns)


@primitive
def gather(o, n, _):
    o.put("y", rows_of(o.get("table"), n.columns)[o.get("places", n.rows).long()])


@primitive
def scatter(o, n, _):
    places, x = o.get("places", n.rows).long(), o.get("x", n.rows, n.columns)
    # Of equal places the last one counts: each place's last row is looked up.
    order = torch.arange(n.rows, device=DEVICE)
    last = ((places.unsqueeze(1) == places.unsqueeze(0)) * (order + 1)).amax(1) - 1
    rows_of(o.memory("table"), n.columns)[places] = x[last]


@primitive
def gather_products(o, n, _):
    picked = F.embedding(o.get("places", n.rows, n.each).long(), rows_of(o.get("table"), n.columns))
    o.put("y", torch.bmm(picked, o.get("x", n.rows, n.columns, 1)))


@primitive
def gather_sums(o, n, _):
    picked = F.embedding(o.get("places", n.rows, n.each).long(), rows_of(o.get("table"), n.columns))
    o.put("y", torch.bmm(o.get("x", n.rows, 1, n.each), picked))


# ---- requests ---------------------------------------------------------------------------------------------------------


class Refused(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


PANEL = 1
regions = {}
executables = {}


def free_bytes():
    """What the device has left; None where it has the machine's memory."""
    return torch.cuda.mem_get_info()[0] if DEVICE.type == "cuda" else None


def hello(request, _):
    """Says who this is, and takes what holds for all requests: channels of a filter's panel, threads of a CPU."""
    global PANEL
    PANEL = request["panel"]
    on_gpu = DEVICE.type != "cpu"
    torch.set_num_threads(request["threads"])
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name(DEVICE) if DEVICE.type == "cuda" else DEVICE.type,
        "threads": None if on_gpu else request["threads"],
        # On a CPU it may be slower than float32, and few have it.
        "bfloat16": DEVICE.type == "cuda" and torch.cuda.is_bf16_supported(),
    }, None


def allocate(request, _):
    regions[request["region"]] = torch.zeros(request["size"], device=DEVICE)
    return {}, None


def free(request, _):
    del regions[request["region"]]
    return {}, None


def slice_of(request, floats):
    return regions[request["region"]][request["offset"] : request["offset"] + floats]


def read(request, _):
    return {}, slice_of(request, request["count"])


def write(request, values):
    slice_of(request, values.numel()).copy_(values)
    return {}, None


def compile_(request, _):
    executables[request["executable"]] = Executable(request["program"], regions)
    return {}, None


def run(request, values):
    """Takes the ports that the caller fills, runs a section, and gives those back that the caller looks at."""
    executable, at = executables[request["executable"]], 0
    for name in request["given"]:
        port = executable.port(name)
        port.copy_(values[at : at + port.numel()])
        at += port.numel()
    executable.run(request["section"], request["controls"])
    shown = [executable.port(name) for name in request["shown"]]
    return {}, torch.cat(shown) if shown else None


def port(request, _):
    return {}, executables[request["executable"]].port(request["name"])


def dispose(request, _):
    executables.pop(request["executable"], None)
    return {}, None


def threads(request, _):
    torch.set_num_threads(request["threads"])
    return {}, None


def capacity(_request, _):
    return {"bytes": free_bytes()}, None


REQUESTS = {
    **{"hello": hello, "allocate": allocate, "free": free, "capacity": capacity, "read": read, "write": write},
    **{"compile": compile_, "run": run, "port": port, "dispose": dispose, "threads": threads},
}


def take(stream, count):
    data = stream.read(count)
    return data if len(data) == count else None


def bytes_of(values):
    values = values.float().cpu().contiguous()
    return ctypes.string_at(values.data_ptr(), 4 * values.numel())


def answered(header, values):
    try:
        answer, result = REQUESTS[header["request"]](header, values)
        return answer, b"" if result is None else bytes_of(result)
    except Refused as refused:
        return {"error": {"code": refused.code, "message": str(refused)}}, b""
    except torch.cuda.OutOfMemoryError as error:
        return {"error": {"code": "out-of-memory", "message": str(error).split("\n")[0]}}, b""
    except Exception as error:  # it goes to who asked
        return {"error": {"code": "failed", "message": f"{type(error).__name__}: {error}"}}, b""


def main():
    requests = sys.stdin.buffer
    while (size := take(requests, 4)) is not None:
        header = json.loads(requests.read(struct.unpack("<I", size)[0]))
        payload = bytearray(requests.read(4 * header["floats"]))
        values = torch.frombuffer(payload, dtype=torch.float32) if payload else None
        answer, data = answered(header, values)
        text = json.dumps({**answer, "floats": len(data) // 4}).encode()
        ANSWERS.write(struct.pack("<I", len(text)) + text + data)
        ANSWERS.flush()


if __name__ == "__main__":
    main()
