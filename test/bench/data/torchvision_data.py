"""Images a second of torchvision's transforms on one thread. Argument: a JSON list of {side, images}; prints a JSON object."""
import json
import sys
import time

import numpy as np
import torch
from PIL import Image
from torchvision import transforms as T

torch.set_num_threads(1)
speeds = {}
for case in json.load(open(sys.argv[1])):
    side, count = case["side"], case["images"]
    size = side * 11 // 10
    rng = np.random.default_rng(0)
    slope = np.linspace(40, 140, size * size * 3).reshape(size, size, 3)
    pictures = [Image.fromarray((slope + 60 * rng.random(slope.shape)).astype(np.uint8)) for _ in range(min(count, 64))]
    for name, policy in (("none", []), ("autoaugment", [T.AutoAugment()])):
        norm = T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        transform = T.Compose([T.RandomCrop(side), T.RandomHorizontalFlip(), *policy, T.ToTensor(), norm])
        times = []
        for _ in range(6):
            started = time.perf_counter()
            for start in range(0, count, 64):
                torch.stack([transform(pictures[i % len(pictures)]) for i in range(start, start + 64)])
            times.append(time.perf_counter() - started)
        speeds[f"{side} {name}"] = count / min(times)
print(json.dumps(speeds))
