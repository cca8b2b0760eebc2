"""Copies the parts of a losses.json (made by PyTorch in float64) that the tests compare with.

    python test/reference/copy-losses.py LOSSES_JSON > test/fixtures/losses.json
"""
import json
import sys

with open(sys.argv[1]) as file:
    losses = json.load(file)
inputs = ["S", "T", "FS", "FT", "FS2", "FS4", "VS", "VT", "mask", "classWeight"]
terms = ["cross_entropy", "cross_entropy_smooth", "cross_entropy_smooth_weighted",
         "poly", "poly_weighted", "focal", "focal_weighted", "rdrop_sum", "rdrop_kl_sum",
         "soft_target_T4", "soft_target_T1", "at_code", "at_paper", "at_code_pooled",
         "mgd_identity", "mgd", "mgd_align", "sp_l1", "sp_l2", "fitnet_hint", "nst", "pkt",
         "rkd_distance", "rkd_angle", "rkd", "dkd_target", "dkd_other", "dkd",
         "dist_inter_tau1", "dist_intra_tau1", "dist_inter_tau4", "dist_intra_tau4", "dist",
         "nkd_target", "nkd_other", "nkd", "logit_std", "ttm", "wttm", "mlkd_class", "mlkd_batch",
         "vid_identity", "ickd", "wkdf_mean", "wkdf_std", "review_hcl"]
kept = {key: losses[key] for key in ["note", "y", "kd_weight", "ema_decay", *terms]}
kept["inputs"] = {key: losses["inputs"][key] for key in inputs}
print(json.dumps(kept))
