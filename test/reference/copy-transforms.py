"""Takes the geometry part of the shared reference (Pillow and torchvision) over, with its three pictures.

    python test/reference/copy-transforms.py <reference folder> test/fixtures        (standard library only)
"""
import json
import pathlib
import shutil
import sys

source, target = map(pathlib.Path, sys.argv[1:])
full = json.loads((source / "transforms.json").read_text())
kept = {name: full[name] for name in ("image_a", "image_b", "image_c", "resize", "center_crop", "val", "ten_crop", "normalise")}
(target / "transforms.json").write_text(json.dumps(kept, indent=1) + "\n")
(target / "images").mkdir(exist_ok=True)
for name in "abc":
    shutil.copyfile(source / "images" / f"{name}.png", target / "images" / f"{name}.png")
