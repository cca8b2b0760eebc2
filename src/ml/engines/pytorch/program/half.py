"""Products in half precision: their factors are rounded to bfloat16, or to float16 where a GPU has no bfloat16.

bfloat16 has the range of float32. float16 ends at 65504, and has its digits down to 6e-5 alone. So a factor is scaled by the power
of two that its largest magnitude wants, such that no sum of products can overflow; the product is scaled back in float32, and stays
float32: a gradient of 1e-20 is as good as one of 1. No step is skipped, and nothing waits for the device.
"""

from math import ceil, log2

import torch

from device import DEVICE

# Sums of products stay below 2**SAFE.
SAFE = 15

format_name = None


def best_format():
    """What is worth it: a CPU may be slower than in float32, older GPUs imitate bfloat16, and still older ones have no units for halves."""
    if DEVICE.type != "cuda":
        return None
    if torch.cuda.is_bf16_supported(including_emulation=False):
        return "bfloat16"
    return "float16" if torch.cuda.get_device_capability(DEVICE) >= (7, 0) else None


def choose(name):
    """Takes a format by its name, or what suits the device."""
    global format_name
    format_name = name or best_format()


def wanted(n):
    """The format of an operation's factors; None for float32."""
    return format_name if getattr(n, "bfloat16", 0) else None


def scaled(x, largest):
    """x in float16, scaled to at most 2**largest, and the exponent of what it was divided by."""
    exponent = torch.frexp(x.abs().amax().float()).exponent.clamp(min=-100) - largest
    return (x * torch.exp2(-exponent.float())).half(), exponent


def product(n, depth, multiply, *factors):
    """multiply(*factors), which sums so many products for each of its numbers, in the precision of an operation."""
    name = wanted(n)
    if name != "float16":
        return multiply(*((x.bfloat16() for x in factors) if name else factors))
    largest = (SAFE - ceil(log2(depth))) // 2
    (a, of_a), (b, of_b) = (scaled(x, largest) for x in factors)
    # A CPU takes a hundred times as long for filter gradients of halves: the same numbers, summed in float32 as well.
    y = multiply(a.float(), b.float()).half() if DEVICE.type == "cpu" else multiply(a, b)
    return y.float().mul_(torch.exp2((of_a + of_b).float()))
