"""Images of 8 bits, and the values that their pixels stand for."""

import mmap

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


class Pictures:
    """Pictures of any sizes in the device's memory, one behind the other; in the page cache where that is a processor's."""

    def __init__(self, path, index):
        """`index`: bytes of float64 [N, 3], the offset, height and width of each."""
        with open(path, "rb") as file:
            pixels = torch.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY), dtype=torch.uint8)
        self.pixels = pixels.to(DEVICE)
        self.offset, _, self.width = index.view(torch.float64).view(-1, 3).long().to(DEVICE).unbind(1)

    def squares(self, rows, side):
        """Pixels [N, side, side, 3], flat; `rows`: bytes of int32 [N, 4]: picture, top, left, whether it is mirrored."""
        picture, top, left, mirrored = rows.view(torch.int32).view(-1, 4).long().to(DEVICE).unbind(1)
        width = self.width[picture].view(-1, 1, 1, 1)
        first = self.offset[picture].view(-1, 1, 1, 1) + 3 * (top.view(-1, 1, 1, 1) * width + left.view(-1, 1, 1, 1))
        along = torch.arange(side, device=DEVICE)
        columns = torch.where(mirrored.view(-1, 1, 1, 1) > 0, (side - 1 - along).view(1, 1, -1, 1), along.view(1, 1, -1, 1))
        places = first + 3 * (along.view(1, -1, 1, 1) * width + columns)
        return self.pixels[places + torch.arange(3, device=DEVICE)].view(-1)
