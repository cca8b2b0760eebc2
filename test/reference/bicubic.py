"""SHA-256 of what Pillow's Image.resize(size, BICUBIC) makes of hashed noise, whose sums leave 0 … 255.

    python test/reference/bicubic.py > test/fixtures/bicubic.json        (numpy, Pillow 11.3)
"""
import hashlib
import json

from noise import noise
from PIL import Image

SIZES = [  # from (width, height) to (width, height)
    ((28, 28), (30, 30)), ((28, 28), (14, 14)), ((28, 28), (56, 56)), ((1, 1), (5, 7)), ((2, 3), (64, 5)), ((64, 5), (2, 3)),
    ((97, 89), (1, 1)), ((500, 375), (341, 256)), ((375, 500), (256, 341)), ((101, 103), (102, 103)), ((17, 19), (16, 20)),
]
cases = []
for (w, h), (w2, h2) in SIZES:
    rgb = Image.fromarray(noise(w, h)).resize((w2, h2), Image.Resampling.BICUBIC).tobytes()
    cases.append({"from": [w, h], "to": [w2, h2], "sha256": hashlib.sha256(rgb).hexdigest()})
print(json.dumps(cases, indent=1))
