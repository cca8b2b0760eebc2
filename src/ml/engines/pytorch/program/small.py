"""Convolutions that a CPU has better ways for than PyTorch's: oneDNN brings filters into a layout of its own at each call."""

import torch
import torch.nn.functional as F

from device import DEVICE


def is_product(n, groups):
    """Whether a convolution is a product of matrices: one row a pixel."""
    return DEVICE.type == "cpu" and n.kernel == 1 and n.stride == 1 and n.padding == 0 and groups == 1


def rows_of(maps):
    return maps.permute(0, 2, 3, 1).reshape(-1, maps.shape[1])


def maps_of(rows, like):
    batch, _, height, width = like.shape
    return rows.view(batch, height, width, -1).permute(0, 3, 1, 2)


def convolve(x, w, bias):
    return maps_of(F.linear(rows_of(x), w.flatten(1), bias), x)


def input_gradient(dy, w):
    return maps_of(rows_of(dy) @ w.flatten(1), dy)


def filter_gradient(dy, x):
    return (rows_of(dy).t() @ rows_of(x)).unsqueeze(-1).unsqueeze(-1)


# Pixels of an output below which sums over its images are faster, one for each place of the filter: a tenth of the time for one pixel.
FEW = 4


def is_few(n, filters):
    return DEVICE.type == "cpu" and filters.groups > 1 and filters.inputs == 1 and n.outHeight * n.outWidth <= FEW


def seen(n, tap, size, out):
    """Pixels of an output for which a place of the filter lies within the input, and the pixels that lie there; None without any."""
    before = tap * getattr(n, "dilation", 1) - n.padding
    first, end = max(0, -(before // n.stride)), min(out, (size - 1 - before) // n.stride + 1)
    if first >= end:
        return None
    return slice(first, end), slice(first * n.stride + before, (end - 1) * n.stride + before + 1, n.stride)


def depthwise_filter_gradient(n, dy, x):
    """Of one input channel for each output channel."""
    gradient = x.new_zeros(n.kernel, n.kernel, x.shape[1])
    for row in range(n.kernel):
        rows = seen(n, row, n.height, n.outHeight)
        for column in range(n.kernel):
            columns = seen(n, column, n.width, n.outWidth)
            if rows and columns:
                product = dy[:, :, rows[0], columns[0]] * x[:, :, rows[1], columns[1]]
                gradient[row, column] = product.sum((0, 2, 3))
    return gradient.permute(2, 0, 1).unsqueeze(1)
