"""SHA-256 of what Pillow's Image.resize(size, BILINEAR) makes of hashed noise, for many pairs of sizes.

    python test/reference/resize.py > test/fixtures/resize.json        (numpy, Pillow 11.3)
"""
import hashlib
import json

from noise import noise
from PIL import Image

SIZES = [  # from (width, height) to (width, height)
    ((28, 28), (30, 30)), ((28, 28), (28, 28)), ((28, 28), (14, 14)), ((28, 28), (56, 56)), ((32, 32), (35, 35)),
    ((1, 1), (5, 7)), ((2, 3), (64, 5)), ((64, 5), (2, 3)), ((300, 1), (24, 24)), ((1, 300), (24, 24)), ((97, 89), (1, 1)),
    # Pillow 13 resizes columns first where they are more than twice the rows: other bits.
    ((100, 250), (64, 160)), ((50, 120), (28, 67)), ((100, 900), (32, 288)), ((900, 100), (288, 32)),
    ((500, 375), (328, 246)), ((500, 375), (298, 224)), ((375, 500), (246, 328)), ((333, 500), (224, 336)),
    ((640, 480), (33, 32)), ((101, 103), (102, 103)), ((101, 103), (101, 102)), ((17, 19), (16, 20)), ((255, 256), (254, 257)),
]
cases = []
for (w, h), (w2, h2) in SIZES:
    rgb = Image.fromarray(noise(w, h)).resize((w2, h2), Image.Resampling.BILINEAR).tobytes()
    cases.append({"from": [w, h], "to": [w2, h2], "sha256": hashlib.sha256(rgb).hexdigest()})
print(json.dumps(cases, indent=1))
