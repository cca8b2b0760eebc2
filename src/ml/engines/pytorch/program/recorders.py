"""Ways of making the same kernels again without the Python that asked for them, and how one is tried before it is trusted."""

import time

import torch
from torch.fx.experimental.proxy_tensor import make_fx

# Largest distance of a replay from what it replays, relative to the norm of each piece of memory: sums may come in another order.
TOLERANCE = 1e-3
TRIALS = 3


class Unrecordable(Exception):
    """Why a round stays as it is."""


# A recorder gives what makes all of `make` anew when it is called. It is used where that is faster, or always.


class Trace:
    """The calls of PyTorch's operators, one after the other: for any device."""

    name = "trace"

    def __init__(self, always):
        self.always = always

    def record(self, make):
        def traced():
            make()
            return []

        return make_fx(traced)()


class CudaGraph:
    """One CUDA graph. Its values lie in memory that all graphs share: none of them outlives its round."""

    name = "cuda graph"

    def __init__(self, always):
        self.always = always
        self.pool = torch.cuda.graph_pool_handle()

    def record(self, make):
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            make()  # libraries take memory of their own for each stream
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self.pool, stream=stream):
            make()
        return graph.replay


def seconds(make, wait):
    """Of the fastest of several times."""
    times = []
    for _ in range(TRIALS):
        wait()
        start = time.perf_counter()
        make()
        wait()
        times.append(time.perf_counter() - start)
    return min(times)


def distance(got, wanted):
    """Largest of ‖got − wanted‖ ÷ ‖wanted‖ over pieces of memory; infinite where one alone is finite."""
    largest = 0.0
    for one, other in zip(got, wanted):
        if torch.equal(one.isfinite(), other.isfinite()):
            one, other = one.nan_to_num(0, 0, 0), other.nan_to_num(0, 0, 0)
            difference, norm = (one - other).norm().item(), other.norm().item()
            largest = max(largest, difference / norm if norm else difference)
        else:
            return float("inf")
    return largest


def put_back(memory, values):
    for region, kept in zip(memory, values):
        region.copy_(kept)


def tried(recorder, make, memory, before, wait):
    """What replays `make`, how far it was off, and the time of it and of `make`."""
    make()
    wanted = [region.clone() for region in memory]
    replay = recorder.record(make)
    put_back(memory, before)
    replay()
    off = distance(memory, wanted)
    if not off <= TOLERANCE:
        raise Unrecordable(f"off by {off:.1e}")
    return replay, off, seconds(replay, wait), seconds(make, wait)


def trusted(recorder, make, memory, wait):
    """Records what `make` does to memory, compares it with `make` from where the memory is now, and takes the time of both.

    Leaves the memory as it was. Returns what is to be called, None where that is wrong or no faster, and what is to be said of it.
    """
    try:
        before = [region.clone() for region in memory]
    except torch.OutOfMemoryError:
        return None, f"{recorder.name}: no memory to try it"
    try:
        replay, off, recorded, usual = tried(recorder, make, memory, before, wait)
    except torch.OutOfMemoryError:
        return None, f"{recorder.name}: no memory to try it"
    except Exception as reason:  # whatever it is, the round is made as before
        return None, f"{recorder.name}: {str(reason).splitlines()[0]}"
    finally:
        put_back(memory, before)
    times = f"{1e3 * recorded:.1f} against {1e3 * usual:.1f} ms, {'the same bits' if off == 0 else f'within {off:.0e}'}"
    return (replay if recorded < usual or recorder.always else None), f"{recorder.name}: {times}"
