"""SHA-256 of what FixMatch's RandAugment (two operations, then a grey square), as the programs of MLKD and logit
standardisation have it, makes of hashed noise by Pillow, all of it drawn from hashed numbers; one digest a side, of 200 pictures.

    python test/reference/fixmatch.py > test/fixtures/fixmatch.json        (Pillow 13.0)
"""
import hashlib
import json

import numpy as np
from hashed import uniform
from noise import noise
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

affine = lambda i, *m: i.transform(i.size, Image.AFFINE, m)
TABLE = [
    (lambda i, v: ImageOps.autocontrast(i), 0, 1),
    (lambda i, v: ImageEnhance.Brightness(i).enhance(v), 0.05, 0.95),
    (lambda i, v: ImageEnhance.Color(i).enhance(v), 0.05, 0.95),
    (lambda i, v: ImageEnhance.Contrast(i).enhance(v), 0.05, 0.95),
    (lambda i, v: ImageOps.equalize(i), 0, 1),
    (lambda i, v: i, 0, 1),
    (lambda i, v: ImageOps.posterize(i, int(v)), 4, 8),
    (lambda i, v: i.rotate(v), -30, 30),
    (lambda i, v: ImageEnhance.Sharpness(i).enhance(v), 0.05, 0.95),
    (lambda i, v: affine(i, 1, v, 0, 0, 1, 0), -0.3, 0.3),
    (lambda i, v: affine(i, 1, 0, 0, v, 1, 0), -0.3, 0.3),
    (lambda i, v: ImageOps.solarize(i, v), 0, 256),
    (lambda i, v: affine(i, 1, 0, v * i.size[0], 0, 1, 0), -0.3, 0.3),
    (lambda i, v: affine(i, 1, 0, 0, 0, 1, v * i.size[1]), -0.3, 0.3),
]

digests = {}
for side in (32, 28, 33):
    digest = hashlib.sha256()
    for k in range(200):
        draws = iter(uniform(f"fixmatch {k}", 7).tolist())
        picture = Image.fromarray(noise(side, side))
        for _ in range(2):
            change, least, most = TABLE[int(next(draws) * len(TABLE))]
            picture = change(picture, least + (most - least) * next(draws))
        size = next(draws) * 0.5 * side
        x, y = (int(max(0, next(draws) * side - size / 2)) for _ in range(2))
        if size > 0:
            ImageDraw.Draw(picture).rectangle((x, y, min(side, x + size), min(side, y + size)), (125, 123, 114))
        digest.update(np.asarray(picture).tobytes())
    digests[side] = digest.hexdigest()
print(json.dumps(digests))
