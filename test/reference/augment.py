"""SHA-256 of what torchvision makes of hashed noise with every operation at every magnitude of TrivialAugment (Wide) and
of RandAugment, either sign, in the order of its tables: one digest a size and operation.

    python test/reference/augment.py > test/fixtures/augment-sizes.json        (torchvision 0.29, Pillow 13.0)

torch.linspace differs from machine to machine in the last bit, and a translation drops fractions: magnitudes are rounded
to six digits. A muted picture has values of 60 … 159 alone: more than one pixel a value and channel, and room to stretch.
"""
import hashlib
import json

import numpy as np
from noise import noise
from PIL import Image
from torchvision.transforms import InterpolationMode, autoaugment

SIZES = [(28, 28, False), (32, 32, True), (40, 40, True), (33, 50, False), (2, 3, False), (1, 1, True), (65, 61, True)]
tables = [autoaugment.TrivialAugmentWide()._augmentation_space(31), autoaugment.RandAugment()._augmentation_space(31, (32, 32))]
tables[0]["Invert"] = tables[1]["Identity"]

cases = []
for w, h, muted in SIZES:
    pixels = noise(w, h)
    picture = Image.fromarray((60 + pixels.astype(int) * 100 // 256).astype(np.uint8) if muted else pixels)
    for op in tables[0]:
        digest = hashlib.sha256()
        for table in tables:
            if op not in table:
                continue
            magnitudes, signed = table[op]
            for magnitude in magnitudes if magnitudes.ndim else [magnitudes]:
                for sign in (1, -1) if signed else (1,):
                    magnitude = float(f"{float(magnitude):.6g}")
                    digest.update(autoaugment._apply_op(picture, op, magnitude * sign, InterpolationMode.NEAREST, None).tobytes())
        cases.append({"size": [w, h], "muted": muted, "op": op, "sha256": digest.hexdigest()})
print(json.dumps(cases, separators=(",", ":")))
