"""Runs one case with PyTorch on the CPU: the same work as ours.ts, channels last. `python torch_step.py '<case as JSON>'`."""
import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

WARM_UP, SECONDS = 3, 3.0


class Block(nn.Module):
    """Basic block of the CIFAR residual networks, with a projection shortcut where shapes change."""

    def __init__(self, inputs, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = None
        if stride != 1 or inputs != channels:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)), inplace=True)))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)), inplace=True)


def resnet_cifar(depth, classes):
    layers, inputs = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)], 16
    for channels, first in ((16, 1), (32, 2), (64, 2)):
        for index in range((depth - 2) // 6):
            layers.append(Block(inputs, channels, 1 if index else first))
            inputs = channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes))


def build(name, classes):
    if name == 'resnet20':
        return resnet_cifar(20, classes)
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
