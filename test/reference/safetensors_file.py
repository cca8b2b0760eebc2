"""A small state dict as Hugging Face's own writer stores it.

    python test/reference/safetensors_file.py test/fixtures/state-dict.safetensors        (numpy, safetensors 0.8)
"""
import sys

import numpy as np
from safetensors.numpy import save_file

state = {
    "conv.weight": (np.arange(24, dtype=np.float32) / 7 - 1).reshape(2, 3, 2, 2),
    "bn.weight": np.array([1.5, -0.25], np.float32),
    "bn.bias": np.array([0, 1e-30], np.float32),
    "bn.running_mean": np.array([np.float32(0.1), 3], np.float32),
    "bn.running_var": np.array([0.9, 16777217], np.float32),
    "bn.num_batches_tracked": np.array(9007199254740993, np.int64),
    "10": np.array([[1], [2], [3]], np.float32),
    "größe": np.zeros((0, 4), np.float32),
}
save_file(state, sys.argv[1], metadata={"model": "resnet8"})
