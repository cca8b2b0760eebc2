"""Writes a frozen network as ONNX: `python onnx_export.py '<case as JSON>' <file>`."""
import json
import sys

import torch

from torch_networks import build

case, file = json.loads(sys.argv[1]), sys.argv[2]
torch.manual_seed(0)
model = build(case['model'], case['classes']).eval()
x = torch.rand(case['batch'], 3, case['size'], case['size'])
torch.onnx.export(model, (x,), file, input_names=['x'], output_names=['logits'], external_data=False)
