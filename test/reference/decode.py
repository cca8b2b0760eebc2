"""Small image files of every kind that people's folders hold, and the RGB that Pillow makes of them.

    python test/reference/decode.py > test/fixtures/decode.json        (numpy, Pillow 11.3)

Expected = ImageOps.exif_transpose(image).convert("RGB"), but of 16-bit grey the upper 8 bits, where Pillow cuts off at 255.
JPEGs are smooth pictures, so that every decoder agrees on them. `warns` marks those that libjpeg warns of.
"""
import base64
import io
import json

import numpy as np
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

W, H = 21, 13
y, x = np.mgrid[0:H, 0:W]
rgb = np.stack([10 + 11 * x, 240 - 17 * y, 20 + 4 * x + 9 * y], -1).astype(np.uint8)
alpha = (x * 12).astype(np.uint8)[..., None]
colour = Image.fromarray(rgb)
grey = colour.convert("L")
cases = {}


def put(name, file, **more):
    seen = ImageOps.exif_transpose(Image.open(io.BytesIO(file))).convert("RGB")
    text = lambda raw: base64.b64encode(raw).decode()
    cases[name] = {"file": text(file), "size": list(seen.size), "rgb": text(more.pop("rgb", seen.tobytes())), **more}


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def add(name, image, kind, **options):
    put(name, encoded(image, kind, **options))


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

for name, image in (("rgb", colour), ("grey", grey), ("one-bit", grey.convert("1")), ("palette", palette)):
    add(f"{name}.tif", image, "TIFF")
for compression in ("tiff_lzw", "tiff_deflate", "packbits"):
    add(f"{compression}.tiff", colour, "TIFF", compression=compression)
add("jpeg.tif", colour, "TIFF", compression="jpeg", quality=95)
add("cmyk.tif", Image.fromarray(np.concatenate([rgb, alpha // 2], -1), "CMYK"), "TIFF")
add("pages.tif", colour, "TIFF", save_all=True, append_images=[ImageOps.invert(colour)])
add("turned.tif", colour, "TIFF", tiffinfo={0x0112: 6})
add("rgb.gif", colour, "GIF")
add("animated.gif", colour, "GIF", save_all=True, append_images=[ImageOps.invert(colour)], duration=50)
for name in ("a.jfif", "a.jpe", "named.png"):
    add(name, colour, "JPEG", quality=95, subsampling=0)

XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="%d"/></x:xmpmeta>'
for orientation in range(1, 9):
    add(f"xmp-{orientation}.jpg", colour, "JPEG", quality=95, subsampling=0, xmp=(XMP % orientation).encode())
add("xmp-element.jpg", colour, "JPEG", quality=95, xmp=b"<tiff:Orientation>8</tiff:Orientation>")
add("xmp-6-exif-1.jpg", colour, "JPEG", quality=95, xmp=(XMP % 6).encode(), exif=turned(1))
add("xmp-6.webp", colour, "WEBP", lossless=True, xmp=(XMP % 6).encode())
text = PngInfo()
text.add_itxt("XML:com.adobe.xmp", XMP % 6)
add("xmp-6.png", colour, "PNG", pnginfo=text)

deep = (x * 2711 + y * 1000).astype(np.uint16)
scaled = np.repeat((deep >> 8).astype(np.uint8)[..., None], 3, -1).tobytes()
for name, kind in (("deep-grey.png", "PNG"), ("deep-grey.tif", "TIFF")):
    put(name, encoded(Image.fromarray(deep), kind), rgb=scaled)

jpeg = bytearray(encoded(colour, "JPEG", quality=95, subsampling=0))
scan = jpeg.index(b"\xff\xda")
version, restart, end = bytearray(jpeg), bytearray(jpeg), bytearray(jpeg)
version[11] = 9  # a revision of JFIF that there is not
for file, marker in ((restart, 0xD3), (end, 0xD9)):  # where there is data
    middle = (scan + len(jpeg)) // 2
    file[middle], file[middle + 1] = 0xFF, marker
for name, file in (("version.jpg", version), ("restart.jpg", restart), ("end.jpg", end)):
    put(name, bytes(file), warns=True)
print(json.dumps(cases, indent=1))
