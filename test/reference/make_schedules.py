#!/usr/bin/env python3
"""Makes test/fixtures/torch/schedules.json: learning rates of torch.optim.lr_scheduler, an epoch at a time.

    python test/reference/make_schedules.py lr_scheduler.py        (needs torch; nothing is downloaded)

The argument is torch/optim/lr_scheduler.py of PyTorch 1.13.1, out of its wheel: the original experiments let a group of
parameters join an optimiser after its scheduler was made, and PyTorch 2.15 refuses what 1.13 did then (`late`).

`stepped` is what training sees that calls `step()` after every epoch; `closed` is CosineAnnealingLR's closed form, from
which `stepped` differs by rounding alone.
"""
import importlib.util, json, math, pathlib, sys, types, warnings

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


def old_schedulers():
    sys.modules["torch._six"] = types.SimpleNamespace(inf=math.inf)
    spec = importlib.util.spec_from_file_location("torch.optim.lr_scheduler_1_13", sys.argv[1])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def joined_late(warmup):
    """A group that joins the optimiser after its scheduler was made and the first warm-up rate was set.

    For `warmup` epochs every group gets lo + (hi - lo) e/W; after that the scheduler steps.
    """
    early, late = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([early], lr=RATE)
    scheduler = old_schedulers().CosineAnnealingLR(optimizer, T_max=10, eta_min=1e-6)
    rates = []

    def adjust(epoch):
        if epoch > warmup:
            scheduler.step()
            return
        for group in optimizer.param_groups:
            group["lr"] = 1e-6 + (RATE - 1e-6) * epoch / warmup

    adjust(0)
    optimizer.add_param_group({"params": [late]})
    for epoch in range(EPOCHS):
        rates.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        adjust(epoch + 1)
    return {"student": [rate for rate, _ in rates], "adapter": [rate for _, rate in rates]}


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
        "late": {"warmup": 4, **joined_late(4)},
        "step": {**step, "stepped": stepped(lambda optimizer: StepLR(optimizer, **step))},
    }
    OUT.write_text(json.dumps(cases, indent=1) + "\n")


main()
