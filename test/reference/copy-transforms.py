"""Takes transforms of the shared reference (Pillow and torchvision) over, with its three pictures: geometry as pixels,
augmentation operations as digests of pixels, and the tables of the augmentation policies.

    python test/reference/copy-transforms.py <reference folder> test/fixtures        (standard library only)
"""
import base64
import hashlib
import json
import pathlib
import shutil
import sys

source, target = map(pathlib.Path, sys.argv[1:])
full = json.loads((source / "transforms.json").read_text())
kept = {name: full[name] for name in ("image_a", "image_b", "image_c", "resize", "center_crop", "val", "ten_crop", "normalise")}
(target / "transforms.json").write_text(json.dumps(kept, indent=1) + "\n")
ops = [
    {"image": op["image"], "op": op["op"], "magnitude": op["magnitude"], "sha256": hashlib.sha256(base64.b64decode(op["rgb"])).hexdigest()}
    for op in full["ops"]
]
tables = {name: full[name] for name in full if name.startswith(("autoaugment_", "magnitudes_"))}
(target / "augment.json").write_text(json.dumps({"ops": ops, **tables}, separators=(",", ":")) + "\n")
(target / "images").mkdir(exist_ok=True)
for name in "abc":
    shutil.copyfile(source / "images" / f"{name}.png", target / "images" / f"{name}.png")
