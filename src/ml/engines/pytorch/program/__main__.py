"""Runs lowered programs with PyTorch. Requests come on standard input, answers go to standard output.

A frame is the length of a header (4 bytes, little-endian), the header (JSON), and as many bytes of values as its `payload`
says.
Those of an answer are float32. Many values of a request lie in memory that both sides share: `map` names its file,
`mapped` says which memory and how many bytes of it, `unmap` lets go of it. Every request gets one answer, in order; one that fails gets `{"error": {"code", "message"}}`.
The primitives and their numbers are described in ../../network-primitives.ts and ../../array-primitives.ts.
"""

import ctypes
import json
import mmap
import os
import struct
import sys

# Answers alone go to standard output: what libraries print there goes to standard error.
ANSWERS = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)

import torch  # noqa: E402

OLDEST = (2, 5)
if tuple(map(int, torch.__version__.split(".")[:2])) < OLDEST:
    sys.exit(f"torch {torch.__version__} is too old: {'.'.join(map(str, OLDEST))} or later")

from answers import answer  # noqa: E402
from device import pin, unpin  # noqa: E402


def take(stream, count):
    data = stream.read(count)
    return data if len(data) == count else None


def bytes_of(values):
    return ctypes.string_at(values.data_ptr(), 4 * values.numel())


shared = {}


def map_memory(request):
    try:
        with open(request["path"], "r+b") as file:
            memory = torch.frombuffer(mmap.mmap(file.fileno(), request["bytes"]), dtype=torch.uint8)
    except OSError as error:
        return {"error": {"code": "failed", "message": str(error)}}, None
    pin(memory)
    shared[request["memory"]] = memory
    return {}, None


def unmap_memory(request):
    unpin(shared.pop(request["memory"]))
    return {}, None


MEMORY = {"map": map_memory, "unmap": unmap_memory}


def main():
    requests = sys.stdin.buffer
    while (size := take(requests, 4)) is not None:
        header = json.loads(requests.read(struct.unpack("<I", size)[0]))
        payload = bytearray(requests.read(header["payload"]))
        values = torch.frombuffer(payload, dtype=torch.uint8) if payload else None
        if "mapped" in header:
            values = shared[header["mapped"]["memory"]][: header["mapped"]["bytes"]]
        own = MEMORY.get(header["request"])
        answered, result = own(header) if own else answer(header, values)
        data = b"" if result is None else bytes_of(result)
        text = json.dumps({**answered, "payload": len(data)}).encode()
        ANSWERS.write(struct.pack("<I", len(text)) + text + data)
        ANSWERS.flush()


if __name__ == "__main__":
    main()
