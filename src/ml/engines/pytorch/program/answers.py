"""What is answered to each request: a header and values."""

import sys

import torch

import activations  # noqa: F401 (they register their primitives)
import convolutions
import half
import images
import maps  # noqa: F401
import norms  # noqa: F401
import optimizers  # noqa: F401
import walks  # noqa: F401
from device import DEVICE, free_bytes, why_no_gpu
from executable import Executable, Refused
from recorders import CudaGraph, Trace
from rounds import Round

RECORDERS = {"trace": Trace, "graph": CudaGraph, "auto": CudaGraph if DEVICE.type == "cuda" else None}
# Rounds that are kept: each may hold a recording.
MOST_ROUNDS = 64

regions = {}
pictures = {}
executables = {}
rounds = {}
recorder = None


def hello(request, _):
    """Says who this is, and takes what holds for all requests: channels of a filter's panel, threads of a CPU, what
    records, which half precision."""
    global recorder
    convolutions.Dense.panel = request["panel"]
    kind = RECORDERS[request["record"]]
    half.choose(request["half"])
    recorder = kind and kind(always=request["record"] != "auto")
    torch.set_num_threads(request["threads"])
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name(DEVICE) if DEVICE.type == "cuda" else DEVICE.type,
        "threads": request["threads"] if DEVICE.type == "cpu" else None,
        "half": half.format_name,
        "noGpu": why_no_gpu(),
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
    values = values.view(torch.float32)
    slice_of(request, values.numel()).copy_(values)
    return {}, None


def write_pixels(request, values):
    images.look_up(values, regions[request["table"]], regions[request["region"]])
    return {}, None


def keep(request, values):
    pictures[request["pictures"]] = images.Pictures(request["path"], values)
    return {}, None


def write_squares(request, values):
    squares = pictures[request["pictures"]].squares(values, request["side"])
    images.look_up(squares, regions[request["table"]], regions[request["region"]])
    return {}, None


def drop(request, _):
    del pictures[request["pictures"]]
    return {}, None


def compile_(request, _):
    executables[request["executable"]] = Executable(request["program"], regions)
    return {}, None


def dispose(request, _):
    executable = executables.pop(request["executable"], None)
    for key in [key for key, one in rounds.items() if executable in one.executables]:
        del rounds[key]
    return {}, None


def round_of(runs):
    """The round of these runs: the one that was made before, so that it may be recorded."""
    key = tuple((run["executable"], run["section"], *run["given"], None, *run["shown"]) for run in runs)
    one = rounds.pop(key, None)
    if one is None:
        one = Round([(executables[run["executable"]], run["section"], run["given"], run["shown"]) for run in runs])
    rounds[key] = one
    if len(rounds) > MOST_ROUNDS:
        del rounds[next(iter(rounds))]
    return one


def run(request, values):
    """Makes a round: takes the ports that the caller fills, and gives those back that it looks at."""
    one = round_of(request["runs"])
    given = None if values is None else values.view(torch.float32)
    one.fill([each["controls"] for each in request["runs"]], given)
    one.make(recorder)
    return ({"note": one.note} if one.note else {}), one.outbox if one.outbox.numel() else None


def port(request, _):
    return {}, executables[request["executable"]].port(request["name"])


def threads(request, _):
    torch.set_num_threads(request["threads"])
    return {}, None


def capacity(_request, _):
    return {"bytes": free_bytes()}, None


REQUESTS = {
    **{"hello": hello, "allocate": allocate, "free": free, "capacity": capacity, "read": read, "write": write},
    **{"write-pixels": write_pixels, "keep": keep, "write-squares": write_squares, "drop": drop},
    **{"compile": compile_, "run": run, "port": port, "dispose": dispose, "threads": threads},
}


# Tensors that no gradient is ever asked of need no bookkeeping for it, which costs a small operation a tenth of its time.
@torch.inference_mode()
def answer(header, values):
    """The answer's header, and values in the host's memory; one that fails says of what."""
    try:
        answered, result = REQUESTS[header["request"]](header, values)
        return answered, None if result is None else result.float().cpu().contiguous()
    except Refused as refused:
        return {"error": refused.error}, None
    except torch.OutOfMemoryError as error:
        return {"error": {"code": "out-of-memory", "message": str(error).split("\n")[0]}}, None
    except Exception as error:  # it goes to who asked
        return {"error": {"code": "failed", "message": f"{type(error).__name__}: {error}"}}, None
