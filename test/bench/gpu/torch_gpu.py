"""Steps of plain PyTorch on a device: `python torch_gpu.py '<list of cases as JSON>'` prints milliseconds of the median step of each.

Channels last; the images come from pinned memory each step. `tf32`: PyTorch's own default, or products of float32.
"""
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'train'))
import torch
from torch.nn import functional as F

from torch_networks import build
from torch_terms import divergence

WARM_UP = 5


def step_of(case, device):
    def network(name):
        return build(name, case['classes']).to(device, memory_format=torch.channels_last)

    batch, size = case['batch'], case['size']
    images = torch.rand(batch, 3, size, size).to(memory_format=torch.channels_last)
    images = images.pin_memory() if device == 'cuda' else images
    labels = (torch.arange(batch) % case['classes']).to(device)
    student, teacher = network(case['student']).train(), network(case['teacher']).eval()
    optimizer = torch.optim.AdamW(student.parameters(), 1e-4, weight_decay=5e-4, foreach=True)

    def step():
        optimizer.zero_grad()
        x = images.to(device, non_blocking=True)
        with torch.autocast(device, torch.bfloat16, enabled=case['amp']):
            with torch.no_grad():
                targets = teacher(x)
            logits = student(x)
        loss = F.cross_entropy(logits.float(), labels, label_smoothing=0.1)
        (loss + divergence(logits.float(), targets.float())).backward()
        optimizer.step()
        loss.item()

    return step


def median_of(step, seconds):
    for _ in range(WARM_UP):
        step()
    times = []
    while sum(times) < seconds or len(times) < 3:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def main():
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    for case in json.loads(sys.argv[1]):
        torch.backends.cudnn.allow_tf32 = case['tf32']
        try:
            milliseconds = 1e3 * median_of(step_of(case, device), case['seconds'])
        except ImportError as error:
            print(json.dumps({'missing': str(error)}), flush=True)
        else:
            print(json.dumps({'milliseconds': milliseconds}), flush=True)


main()
