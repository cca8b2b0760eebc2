#!/usr/bin/env bash
# sharp 0.35.5 (libvips 8.18.7) gives wrong colours for TIFF files that store YCbCr without JPEG, without a word.
#
# TIFF 6.0, section 21: PhotometricInterpretation 6 stands for luminance and chrominance, with any compression. libvips converts
# them where they are JPEG, and takes the bytes for red, green and blue elsewhere: a red picture comes out purple. Its metadata
# say `srgb`. Pillow 13.0.0 gives the right colours for the same file.
#
# Seen, of a picture whose pixels are all (200, 30, 40):
#   Pillow: 198,29,38
#   sharp: 81,104,212 srgb
#
# Exits 0 while it is so. Needs python3, node, npm and 60 MB from PyPI and npm, in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q pillow==13.0.0
npm init -y > package.log
npm install --silent sharp@0.35.5 > npm.log
venv/bin/python - <<'PY'
from PIL import Image

Image.new("RGB", (16, 16), (200, 30, 40)).convert("YCbCr").save("red.tif", tiffinfo={530: (1, 1)})
seen = Image.open("red.tif").convert("RGB").getpixel((8, 8))
print("Pillow:", ",".join(map(str, seen)))
assert max(abs(a - b) for a, b in zip(seen, (200, 30, 40))) <= 2
PY
node - <<'JS'
const sharp = require('sharp');
(async () => {
  const { space } = await sharp('red.tif').metadata();
  const pixels = await sharp('red.tif').toColourspace('srgb').removeAlpha().raw().toBuffer();
  console.log(`sharp: ${[...pixels.subarray(0, 3)].join()} ${space}`);
  if (Math.abs(pixels[0] - 200) <= 2) throw new Error('sharp converts the colours now');
})();
JS
