"""Small image files of every kind that people's folders hold, and the RGB that Pillow makes of them.

    python test/reference/decode.py > test/fixtures/decode.json        (numpy, Pillow 13.0)

Expected = ImageOps.exif_transpose(image).convert("RGB"). JPEGs are smooth pictures, so that every decoder agrees on them.
"""
import base64
import io
import json

import numpy as np
from PIL import Image, ImageOps

W, H = 21, 13
y, x = np.mgrid[0:H, 0:W]
rgb = np.stack([10 + 11 * x, 240 - 17 * y, 20 + 4 * x + 9 * y], -1).astype(np.uint8)
alpha = (x * 12).astype(np.uint8)[..., None]
colour = Image.fromarray(rgb)
grey = colour.convert("L")
cases = {}


def add(name, image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    seen = ImageOps.exif_transpose(Image.open(file)).convert("RGB")
    text = lambda raw: base64.b64encode(raw).decode()
    cases[name] = {"file": text(file.getvalue()), "size": list(seen.size), "rgb": text(seen.tobytes())}


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


add("rgb.png", colour, "PNG")
add("grey.png", grey, "PNG")
add("grey-alpha.png", Image.merge("LA", (grey, Image.fromarray(alpha[..., 0]))), "PNG")
add("alpha.png", Image.fromarray(np.concatenate([rgb, alpha], -1)), "PNG")
add("one-bit.png", grey.convert("1"), "PNG")
palette = colour.quantize(16)
add("palette.png", palette, "PNG")
add("palette-transparent.png", palette, "PNG", transparency=3)
add("progressive.jpg", colour, "JPEG", quality=95, progressive=True)
add("subsampled.jpg", colour, "JPEG", quality=90, subsampling="4:2:0")
add("grey.jpg", grey, "JPEG", quality=90)
add("cmyk.jpg", Image.fromarray(np.concatenate([rgb, alpha // 2], -1), "CMYK"), "JPEG", quality=95)
for orientation in range(1, 9):
    add(f"exif-{orientation}.jpg", colour, "JPEG", quality=95, subsampling=0, exif=turned(orientation))
add("lossless.webp", colour, "WEBP", lossless=True)
add("alpha.webp", Image.fromarray(np.concatenate([rgb, np.maximum(alpha, 1)], -1)), "WEBP", lossless=True, exact=True)
add("animated.webp", colour, "WEBP", lossless=True, save_all=True, append_images=[ImageOps.invert(colour)], duration=50)
print(json.dumps(cases, indent=1))
