#!/usr/bin/env bash
# Pillow 13.0.0 resizes tall pictures to other pixels than Pillow 11.3.0: what was trained on one is tested on another.
#
# `resize(size, BILINEAR)`, which torchvision's Resize calls, makes two passes, and rounds to 8 bits in between. Until 11.3 the
# horizontal pass came first, always. 13.0 takes the vertical pass first where a picture is more than twice as tall as wide
# and gets smaller: every fifth value or so is another one, by 1. Other shapes are the same, bit for bit.
#
# Seen (values that differ, of all; largest difference):
#   100x200 -> 64x128: 0 of 24576; 0
#   100x201 -> 64x128: 5294 of 24576; 1
#   300x100 -> 192x64: 0 of 36864; 0
#
# Exits 0 while it is so. Needs python3 and 60 MB from PyPI, in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > resize.py <<'PY'
import json
from PIL import Image

made = {}
for (w, h), size in (((100, 200), (64, 128)), ((100, 201), (64, 128)), ((300, 100), (192, 64))):
    seed, values = 1, bytearray()
    for _ in range(w * h * 3):
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        values.append(seed >> 16 & 255)
    picture = Image.frombytes("RGB", (w, h), bytes(values)).resize(size, Image.Resampling.BILINEAR)
    made[f"{w}x{h} -> {size[0]}x{size[1]}"] = list(picture.tobytes())
print(json.dumps(made))
PY
for version in 11.3.0 13.0.0; do
  python3 -m venv "$version"
  "$version/bin/pip" install -q "pillow==$version"
  "$version/bin/python" resize.py > "$version.json"
done
python3 - <<'PY'
import json

old, new = (json.load(open(f"{version}.json")) for version in ("11.3.0", "13.0.0"))
differ = {}
for name in old:
    by = [abs(a - b) for a, b in zip(old[name], new[name])]
    differ[name] = sum(d > 0 for d in by)
    print(f"{name}: {differ[name]} of {len(by)}; {max(by)}")
    assert max(by) <= 1
assert [count > 0 for count in differ.values()] == [False, True, False], "both versions agree now"
PY
