"""Runs one case with PyTorch on the CPU: the same work as ours.ts. `python torch_step.py '<case as JSON>' [contiguous]`, else channels last."""
import json
import resource
import sys
import time

import torch
from torch.nn import functional as F

from torch_networks import build, taps_of
from torch_terms import TERMS

WARM_UP, SECONDS = 3, 3.0


def step_of(case):
    layout = torch.contiguous_format if 'contiguous' in sys.argv[2:] else torch.channels_last
    model = build(case['model'], case['classes']).to(memory_format=layout)
    batch, size = case['batch'], case['size']
    x = torch.rand(batch, 3, size, size).to(memory_format=layout)
    if case['mode'] == 'frozen':
        model.eval()

        def forward():
            with torch.inference_mode():
                model(x)

        return forward
    model.train()
    labels, places = torch.arange(batch) % case['classes'], torch.arange(batch)
    parameters, teacher, term = list(model.parameters()), None, None
    if case['mode'] == 'distil':
        teacher = build(case['teacher'], case['classes']).to(memory_format=layout).eval()
        with torch.no_grad():
            term = TERMS[case.get('method', 'SoftTarget')](taps_of(model, x)[1], taps_of(teacher, x)[1]).to(memory_format=layout)
        parameters += term.parameters()
    optimizer = torch.optim.AdamW(parameters, 1e-4, weight_decay=5e-4, foreach=True)

    def train():
        optimizer.zero_grad()
        if teacher:
            with torch.no_grad():
                targets = taps_of(teacher, x)
        with torch.autocast('cpu', torch.bfloat16, enabled=case['mode'] == 'amp'):
            logits, taps = taps_of(model, x)
        loss = F.cross_entropy(logits.float(), labels)
        if teacher:
            loss = loss + term((logits, taps), targets, labels, places)
        loss.backward()
        optimizer.step()
        loss.item()

    return train


def main():
    case = json.loads(sys.argv[1])
    torch.set_num_threads(case['threads'])
    torch.manual_seed(0)
    step = step_of(case)
    step()
    first = time.time()
    for _ in range(WARM_UP - 1):
        step()
    steps = []
    while sum(steps) < SECONDS or len(steps) < 3:
        start = time.perf_counter()
        step()
        steps.append(time.perf_counter() - start)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({'steps': steps, 'first': first, 'memory': memory, 'version': torch.__version__}))


main()
