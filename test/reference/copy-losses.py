"""Copies the parts of a losses.json (made by PyTorch in float64) that the tests compare with.

    python test/reference/copy-losses.py LOSSES_JSON > test/fixtures/losses.json
"""
import json
import sys

with open(sys.argv[1]) as file:
    losses = json.load(file)
inputs = ["S", "T", "FS", "FT", "FS4", "classWeight"]
terms = ["cross_entropy", "cross_entropy_smooth", "cross_entropy_smooth_weighted",
         "soft_target_T4", "soft_target_T1", "at_code", "at_paper", "at_code_pooled"]
kept = {key: losses[key] for key in ["note", "y", "kd_weight", "ema_decay", *terms]}
kept["inputs"] = {key: losses["inputs"][key] for key in inputs}
print(json.dumps(kept))
