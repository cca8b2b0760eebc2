"""What computes, and in which precision."""

import torch


def best_device():
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


DEVICE = best_device()
# MPS has no float64: sums there are taken in float32.
SUM_DTYPE = torch.float32 if DEVICE.type == "mps" else torch.float64

# Products of float32 stay products of float32: TensorFloat-32 has 10 bits of them.
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
# Two runs of a step give the same bits where cuDNN has such an algorithm.
torch.backends.cudnn.deterministic = True


def why_no_gpu():
    """What is missing for a GPU that this PyTorch was built for; None where nothing is, or it was built for none."""
    if DEVICE.type != "cpu" or not (torch.version.cuda or torch.version.hip):
        return None
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as reason:  # no driver, or one that is too old
        return str(reason).strip().split("\n")[0].split(". ")[0]
    return "no device is to be seen"


def free_bytes():
    """What the device has left, with what PyTorch keeps of it for later; None where it has the machine's memory."""
    if DEVICE.type != "cuda":
        return None
    return torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved() - torch.cuda.memory_allocated()


def pin(memory):
    """Lets a GPU read memory of the machine's by itself. Where that is refused, copies are slower, and nothing else."""
    if DEVICE.type == "cuda":
        torch.cuda.cudart().cudaHostRegister(memory.data_ptr(), memory.numel(), 0)


def unpin(memory):
    """What was pinned is let go of when nothing reads it any more."""
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
        torch.cuda.cudart().cudaHostUnregister(memory.data_ptr())


def wait():
    """Until all that was asked for is computed."""
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
    elif DEVICE.type == "mps":
        torch.mps.synchronize()
