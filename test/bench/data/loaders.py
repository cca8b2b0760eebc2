"""Images a second of loaders of image files. Argument: a JSON object {folder, shards, side, batch, epochs}; prints a JSON object."""
import json
import os
import sys
import time

import torch
from torchvision import transforms as T
from torchvision.datasets import ImageFolder

torch.set_num_threads(1)
case = json.load(open(sys.argv[1]))
side, batch = case["side"], case["batch"]
transform = T.Compose(
    [
        T.Resize(side * 11 // 10),
        T.RandomCrop(side),
        T.RandomHorizontalFlip(),
        T.ToTensor(),
        T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ]
)


def rate(loader):
    """Images a second of the fastest epoch but the first."""
    best = 0.0
    for epoch in range(case["epochs"] + 1):
        started, images = time.perf_counter(), 0
        for inputs, _ in loader:
            images += len(inputs)
        if epoch > 0:
            best = max(best, images / (time.perf_counter() - started))
    return best


rates = {}
for workers in (0, 1, 2):
    loader = torch.utils.data.DataLoader(
        ImageFolder(case["folder"], transform), batch, shuffle=True, num_workers=workers, persistent_workers=workers > 0
    )
    rates[f"ImageFolder {workers}"] = rate(loader)

try:
    import webdataset as wds

    for workers in (0, 1, 2):
        shards = sorted(os.path.join(case["shards"], name) for name in os.listdir(case["shards"]))
        pipeline = wds.WebDataset(shards, shardshuffle=len(shards), empty_check=False).shuffle(500).decode("pil")
        pipeline = pipeline.to_tuple("jpg", "cls").map_tuple(transform, lambda label: label)
        loader = wds.WebLoader(pipeline.batched(batch), batch_size=None, num_workers=workers)
        rates[f"webdataset {workers}"] = rate(loader)
except ImportError:
    pass
print(json.dumps(rates))
