"""Primitives over dense arrays of any shape: see ../../array-primitives.ts."""

import torch
import torch.nn.functional as F

from device import DEVICE, SUM_DTYPE
from executable import primitive

RANK, REGISTERS, BITS = 5, 16, 5

# In the order of FUNCTIONS in ../../array-primitives.ts.
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


def unpacked(n):
    """Instructions: function, result, operands."""
    fields = [[word & 255, *((word >> (8 + BITS * at)) & (2**BITS - 1) for at in range(4))] for word in n.code]
    return [(FUNCTIONS[code], to, of) for code, to, *of in fields[: n.instructions]]


def walked(o, n):
    """The result of a walk's program at each of its places."""
    held = {}
    for register, operand in enumerate("abcdef"):
        if o.has(operand):
            held[register] = strided(o.get(operand), n.shape, n.strides[RANK * register : RANK * (register + 1)])
    constants = o.once("constants", lambda: torch.tensor(n.constants, dtype=torch.float32, device=DEVICE).unbind())
    held.update((REGISTERS + place, value) for place, value in enumerate(constants))
    result = held.get(0)
    for function, to, of in o.once("instructions", lambda: unpacked(n)):
        result = held[to] = function(*(held.get(register) for register in of))
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
        o.put_view("y", result.contiguous())
    else:
        strided(o.memory("y"), n.shape, n.yStrides).copy_(result)


@primitive
def reduce(o, n, _):
    result = walked(o, n)
    axes = [axis for axis in range(RANK) if n.reduced >> axis & 1]
    if not axes:
        o.put_view("y", result.contiguous())
    elif n.largest:
        o.put("y", result.amax(axes))
    else:
        o.put("y", result.sum(axes, dtype=SUM_DTYPE).float())


@primitive
def matrix_product(o, n, _):
    a = strided(o.get("a"), (n.batch, n.rows, n.depth), (n.aBatch, n.aRow, n.aDepth))
    b = strided(o.get("b"), (n.batch, n.depth, n.columns), (n.bBatch, n.bDepth, n.bColumn))
    o.put("y", torch.bmm(a, b) if n.batch > 1 else a[0] @ b[0])


@primitive
def right_singular_vectors(o, n, _):
    x = o.get("x", n.batch, n.rows, n.columns)
    finite = x.isfinite().all((1, 2), keepdim=True)  # LAPACK refuses what is not
    _, values, rows = torch.linalg.svd(torch.where(finite, x, 0).to(SUM_DTYPE), full_matrices=False)
    vectors = rows.mT
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    kept = values.unsqueeze(1) > 2**-23 * values[:, None, :1]
    o.put("y", torch.where(finite, vectors * largest.sign() * kept, float("nan")).float())


def rows_of(table, columns):
    return table[: table.numel() // columns * columns].view(-1, columns)


@primitive
def gather(o, n, _):
    o.put("y", rows_of(o.get("table"), n.columns)[o.get("places", n.rows).long()])


@primitive
def scatter(o, n, _):
    places, x = o.get("places", n.rows).long(), o.get("x", n.rows, n.columns)
    # Of equal places the last one counts: each place's last row is looked up.
    order = o.once("order", lambda: torch.arange(n.rows, device=x.device))
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
