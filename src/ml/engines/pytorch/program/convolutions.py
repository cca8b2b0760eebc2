"""Convolutions of all kinds, their epilogues and gradients; filters as memory has them."""

import torch
import torch.nn.functional as F

import half
import small
from activations import CURVES
from executable import PRIMITIVES, primitive
from maps import flat_of, inputs_of, output_channels, outputs_of, padded

aten = torch.ops.aten

# Filters in memory, and as PyTorch has them, [out, in of a group, kernel, kernel].


class Dense:
    """[out / panel][kernel² · in][panel]; with panels of one channel, PyTorch's channels last."""

    panel = 1
    groups = 1

    def __init__(self, n):
        self.outputs, self.inputs, self.kernel = n.outChannels, n.channels, n.kernel
        self.shape = (n.outChannels, n.channels, n.kernel, n.kernel)

    def read(self, flat):
        """A view where a panel has one channel."""
        o, i, k, panel = self.outputs, self.inputs, self.kernel, self.panel
        panels = flat[: o * i * k * k].view(o // panel, k, k, i, panel)
        return panels.permute(0, 4, 3, 1, 2).reshape(self.shape)

    def flat(self, filters):
        o, i, k, panel = self.outputs, self.inputs, self.kernel, self.panel
        return filters.reshape(o // panel, panel, i, k, k).permute(0, 3, 4, 2, 1).reshape(-1)


class Tapped:
    """[kernel²][in of a group][out]"""

    def __init__(self, kernel, groups, inputs, outputs):
        self.groups, self.kernel, self.inputs, self.outputs = groups, kernel, inputs, outputs
        self.shape = (outputs, inputs, kernel, kernel)

    def read(self, flat):
        k, i, o = self.kernel, self.inputs, self.outputs
        return self.channels_last(flat[: k * k * i * o].view(k, k, i, o))

    def channels_last(self, taps):
        """Strides say so even where a group has one input: PyTorch takes the layout of maps from them."""
        return taps.permute(3, 0, 1, 2).contiguous().permute(0, 3, 1, 2)

    def flat(self, filters):
        return filters.permute(2, 3, 1, 0).reshape(-1)


class Grouped(Tapped):
    """[kernel²][in of a group][out], out padded."""

    def __init__(self, n):
        super().__init__(n.kernel, n.groups, n.groupInputs, n.groups * n.groupOutputs)
        self.stride = n.outChannels

    def read(self, flat):
        k, i = self.kernel, self.inputs
        return self.channels_last(flat[: k * k * i * self.stride].view(k, k, i, self.stride)[..., : self.outputs])

    def flat(self, filters):
        return padded(filters.permute(2, 3, 1, 0).reshape(-1), self.outputs, self.stride)


# Filters, and channels of inputs and outputs without those that pad.


def dense(n):
    return Dense(n), (n.channels, n.outChannels)


def depthwise(n):
    return Tapped(n.kernel, n.channels, 1, n.channels), (n.channels, n.channels)


def grouped(n):
    """Channels are padded, those of the groups are not."""
    return Grouped(n), (n.groups * n.groupInputs, n.groups * n.groupOutputs)


def read_through(o, n):
    """A product's input, or the output of the batch norm that it is read through."""
    x = inputs_of(o, n, "x")
    if not o.has("inputNorm"):
        return x
    scale, shift = o.get("inputNorm", 2, n.channels).float().view(2, n.channels, 1, 1)
    return CURVES[n.inputActivation](torch.addcmul(shift, x, scale))


def forward(o, n, filters, maps):
    """activation(scale · (filter ∗ x) + shift + residual); what is absent is left out. The scale goes into the filter."""
    (inputs, outputs), channels = maps, output_channels(n)
    x, w, shift = read_through(o, n)[:, :inputs], filters.read(o.get("filter")), o.get("shift", channels)
    if o.has("scale"):
        w = w * o.get("scale", channels)[:outputs].view(-1, 1, 1, 1)
    bias = None if shift is None else shift[:outputs]
    # A product that is scaled takes no bias.
    apart = bias is not None and half.wanted(n) == "float16"

    def multiply(x, w):
        inside = None if apart or bias is None else bias.to(x.dtype)
        if small.is_product(n, filters.groups):
            return small.convolve(x, w.to(x.dtype), inside)
        return F.conv2d(x, w.to(x.dtype), inside, n.stride, n.padding, getattr(n, "dilation", 1), filters.groups)

    y = half.product(n, w[0].numel(), multiply, x, w)
    y = flat_of(y.add_(bias.view(-1, 1, 1)) if apart else y)
    if outputs < channels:
        y = padded(y, outputs, channels)
        if shift is not None:
            y.view(-1, channels)[:, outputs:] = shift[outputs:]
    if o.has("residual"):
        y.add_(o.get("residual", y.numel()))
    o.put("y", CURVES[n.activation](y))


def backward(n, groups, dy, x, w, of_input):
    """The gradient of a convolution's input, or of its filter."""
    step, around, spread = [n.stride] * 2, [n.padding] * 2, [getattr(n, "dilation", 1)] * 2
    wanted = [of_input, not of_input, False]
    gradients = aten.convolution_backward(dy, x, w, None, step, around, spread, False, [0, 0], groups, wanted)
    return gradients[0 if of_input else 1]


# PyTorch wants the shapes and layouts of both factors of the convolution, and would copy one that is expanded.


def input_gradient(o, n, filters, maps):
    inputs, outputs = maps
    dy, w = outputs_of(o, n, "dy")[:, :outputs], filters.read(o.get("filter"))

    def multiply(dy, w):
        if small.is_product(n, filters.groups):
            return small.input_gradient(dy, w.to(dy.dtype))
        x = dy.new_empty((n.batch, n.height, n.width, inputs)).permute(0, 3, 1, 2)
        return backward(n, filters.groups, dy, x, w.to(dy.dtype), True)

    dx = half.product(n, w[:, 0].numel() // filters.groups, multiply, dy, w)
    o.put("dx", padded(flat_of(dx), inputs, n.channels), n.accumulate)


def filter_gradient(o, n, filters, maps):
    inputs, outputs = maps
    dy, x = outputs_of(o, n, "dy")[:, :outputs], read_through(o, n)[:, :inputs]

    def multiply(dy, x):
        dy = dy.to(x.dtype)
        if small.is_product(n, filters.groups):
            return small.filter_gradient(dy, x)
        if small.is_few(n, filters):
            return small.depthwise_filter_gradient(n, dy, x)
        return backward(n, filters.groups, dy, x, x.new_empty(filters.shape), False)

    o.put("dfilter", filters.flat(half.product(n, dy[:, 0].numel(), multiply, dy, x)))


def family(prefix, of):
    """The three primitives of a family of convolutions."""

    def of_operation(o, n):
        return o.once("filters", lambda: of(n))

    PRIMITIVES[prefix] = lambda o, n, _: forward(o, n, *of_operation(o, n))
    PRIMITIVES[f"{prefix}-input-gradient"] = lambda o, n, _: input_gradient(o, n, *of_operation(o, n))
    PRIMITIVES[f"{prefix}-filter-gradient"] = lambda o, n, _: filter_gradient(o, n, *of_operation(o, n))


family("conv", dense)
family("depthwise", depthwise)
family("grouped-conv", grouped)


@primitive
def bias_gradient(o, n, _):
    o.put("dbias", o.get("dy", n.rows, n.channels).sum(0))
