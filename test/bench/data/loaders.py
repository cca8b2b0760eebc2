"""Images a second of loaders of image files. Argument: a file with a JSON object {folder, shards, side, batch, epochs}; the last line printed is a JSON object."""
import io
import json
import os
import sys
import tempfile
import time

import torch
from PIL import Image
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


def torchvision_rates():
    for workers in (0, 1, 2):
        images = ImageFolder(case["folder"], transform)
        loader = torch.utils.data.DataLoader(
            images, batch, shuffle=True, num_workers=workers, persistent_workers=workers > 0
        )
        yield f"ImageFolder {workers}", rate(loader)


def webdataset_rates():
    import webdataset as wds

    for workers in (0, 1, 2):
        shards = sorted(os.path.join(case["shards"], name) for name in os.listdir(case["shards"]))
        pipeline = wds.WebDataset(shards, shardshuffle=len(shards), empty_check=False).shuffle(500).decode("pil")
        pipeline = pipeline.to_tuple("jpg", "cls").map_tuple(transform, lambda label: label)
        loader = wds.WebLoader(pipeline.batched(batch), batch_size=None, num_workers=workers)
        yield f"webdataset {workers}", rate(loader)


def packed(entry):
    """What litdata keeps of an image: the file as it is."""
    path, label = entry
    with open(path, "rb") as file:
        return {"image": file.read(), "label": label}


def unpacked(sample):
    return transform(Image.open(io.BytesIO(sample["image"])).convert("RGB")), sample["label"]


def litdata_rates():
    import litdata

    with tempfile.TemporaryDirectory() as chunks:
        litdata.optimize(packed, ImageFolder(case["folder"]).samples, chunks, num_workers=1, chunk_bytes="16MB")
        for workers in (0, 1, 2):
            images = litdata.StreamingDataset(chunks, shuffle=True, transform=unpacked)
            loader = litdata.StreamingDataLoader(
                images, batch_size=batch, num_workers=workers, persistent_workers=workers > 0
            )
            yield f"litdata {workers}", rate(loader)


# litdata starts this file anew for its own processes.
if __name__ == "__main__":
    rates = {}
    for peer in (torchvision_rates, webdataset_rates, litdata_rates):
        try:
            rates.update(peer())
        except ImportError:
            pass
    print(json.dumps(rates))
