"""Runs one case with PyTorch on the CPU: the same work as ours.ts, channels last. `python torch_step.py '<case as JSON>'`."""
import json
import pathlib
import resource
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'reference'))
import torch
from torch.nn import functional as F

from networks import ResNet

WARM_UP, SECONDS = 3, 3.0


class ResNet20(ResNet):
    """The tests' network, logits alone."""

    def __init__(self, classes):
        super().__init__(20, classes)

    def forward(self, x):
        return super().forward(x)[0]


def build(name, classes):
    if name == 'resnet20':
        return ResNet20(classes)
    if name == 'ghostnet':
        import timm

        return timm.create_model('ghostnet_100', num_classes=classes)
    import torchvision

    torchvision_name = {'mobilenetv2': 'mobilenet_v2'}.get(name, name)
    return getattr(torchvision.models, torchvision_name)(num_classes=classes)


def step_of(case):
    model = build(case['model'], case['classes']).to(memory_format=torch.channels_last)
    batch, size = case['batch'], case['size']
    x = torch.rand(batch, 3, size, size).to(memory_format=torch.channels_last)
    if case['mode'] == 'frozen':
        model.eval()

        def forward():
            with torch.inference_mode():
                model(x)

        return forward
    model.train()
    labels = torch.arange(batch) % case['classes']
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4, weight_decay=5e-4, foreach=True)

    def train():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), labels)
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
