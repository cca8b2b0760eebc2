#!/usr/bin/env bash
# safetensors 0.8.0 (with PyTorch 2.15.0) writes lazily conjugated and negated tensors with the wrong sign, without a word.
#
# `tensor.conj()` copies nothing: PyTorch sets a bit, and whoever reads the values has to apply it; the imaginary part of
# such a tensor carries a "negative" bit in the same way. torch.save writes both bits down, and torch.load gives the right
# values. safetensors.torch.save_file writes the bytes as they lie in memory: load_file gives other values than were saved.
# `tensor.resolve_conj().resolve_neg()` before saving helps.
#
# Seen:
#   torch.save: conj [(1-2j)] neg [-2.0]
#   safetensors: conj [(1+2j)] neg [2.0]
#
# Exits 0 while it is so. Needs python3 and 6 GB for PyTorch from PyPI, in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.15.0 safetensors==0.8.0 numpy
cd "$folder"
venv/bin/python - <<'PY'
import torch
from safetensors.torch import load_file, save_file

conj = torch.tensor([1 + 2j]).conj()
neg = conj.imag
assert conj.tolist() == [1 - 2j] and neg.tolist() == [-2.0]
torch.save(conj, "conj.pth")
torch.save(neg, "neg.pth")
save_file({"conj": conj}, "conj.safetensors")
save_file({"neg": neg}, "neg.safetensors")
conj_pth, neg_pth = torch.load("conj.pth"), torch.load("neg.pth")
conj_back, neg_back = load_file("conj.safetensors")["conj"], load_file("neg.safetensors")["neg"]
print("torch.save: conj", conj_pth.tolist(), "neg", neg_pth.tolist())
print("safetensors: conj", conj_back.tolist(), "neg", neg_back.tolist())
assert conj_pth.tolist() == [1 - 2j] and neg_pth.tolist() == [-2.0]
assert conj_back.tolist() == [1 + 2j] and neg_back.tolist() == [2.0], "safetensors applies the bits now"
PY
