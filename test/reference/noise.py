"""Pictures that any language can make alike."""
import numpy as np

U32 = np.uint32


def noise(w, h):
    """Value i of a w×h picture (flat, interleaved RGB) is the upper byte of the MurmurHash3 finaliser of i + 1000003·w + h."""
    x = (np.arange(w * h * 3, dtype=np.uint64) + np.uint64(1000003 * w + h)).astype(U32)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        x ^= x >> U32(shift)
        x *= U32(factor)
    x ^= x >> U32(16)
    return (x >> U32(24)).astype(np.uint8).reshape(h, w, 3)
