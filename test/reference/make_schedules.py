#!/usr/bin/env python3
"""Makes test/fixtures/torch/schedules.json: learning rates of torch.optim.lr_scheduler, an epoch at a time.

    python test/reference/make_schedules.py        (needs torch; nothing is downloaded)

`stepped` is what training sees that calls `step()` after every epoch; `closed` is CosineAnnealingLR's closed form, from
which `stepped` differs by rounding alone.
"""
import json, pathlib, warnings

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, StepLR

OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "torch" / "schedules.json"
EPOCHS, RATE = 45, 1e-3


def stepped(make):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=RATE)
    scheduler = make(optimizer)
    rates = []
    for _ in range(EPOCHS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def closed(make):
    scheduler = make(torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=RATE))
    rates = []
    for epoch in range(EPOCHS):
        scheduler.last_epoch = epoch
        rates.append(scheduler._get_closed_form_lr()[0])
    return rates


def main():
    warnings.simplefilter("ignore")
    wave = {"T_max": 10, "eta_min": 1e-6}
    step = {"step_size": 7, "gamma": 0.3}
    cosine = lambda optimizer: CosineAnnealingLR(optimizer, **wave)
    cases = {
        "rate": RATE,
        "wave": {**wave, "stepped": stepped(cosine), "closed": closed(cosine)},
        "step": {**step, "stepped": stepped(lambda optimizer: StepLR(optimizer, **step))},
    }
    OUT.write_text(json.dumps(cases, indent=1) + "\n")


main()
