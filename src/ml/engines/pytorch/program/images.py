"""Images of 8 bits, and the values that their pixels stand for."""

import torch
from device import DEVICE

# Where the table of each value's channel begins: channels come in turn. As many as were wanted at once.
channels = torch.zeros(0, dtype=torch.int32, device=DEVICE)


def channels_of(count):
    global channels
    if channels.numel() < count:
        channels = (torch.arange(count, dtype=torch.int32, device=DEVICE) % 3) * 256
    return channels[:count]


def look_up(pixels, table, region):
    """Puts what uint8 pixels of three channels stand for into a region, from its beginning on; table: float32 [3, 256]."""
    places = pixels.to(DEVICE).to(torch.int32)
    places.add_(channels_of(places.numel()))
    torch.index_select(table, 0, places, out=region[: places.numel()])
