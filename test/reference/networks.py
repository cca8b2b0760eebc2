"""kdpipe's small networks a second time, in PyTorch, from their papers; state-dict names as kdpipe's."""
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
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
        return F.relu(y + (self.downsample(x) if self.downsample else x), inplace=True)


class ResNet(nn.Module):
    """`channels`: of the first convolution and the three stages; RepDistiller's x4 networks have (32, 64, 128, 256)."""

    def __init__(self, depth, classes, channels=(16, 16, 32, 64)):
        super().__init__()
        n, (c0, c1, c2, c3) = (depth - 2) // 6, channels
        self.conv1, self.bn1 = nn.Conv2d(3, c0, 3, 1, 1, bias=False), nn.BatchNorm2d(c0)
        stage = lambda i, o, s: nn.Sequential(Block(i, o, s), *[Block(o, o, 1) for _ in range(n - 1)])
        self.layer1, self.layer2, self.layer3 = stage(c0, c1, 1), stage(c1, c2, 2), stage(c2, c3, 2)
        self.fc = nn.Linear(c3, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        taps = {}
        for i, stage in enumerate((self.layer1, self.layer2, self.layer3), 1):
            x = taps[f"block{i}"] = stage(x)
        taps["pooled"] = x.mean((2, 3))
        return self.fc(taps["pooled"]), taps


class ConvBlock(nn.Module):
    def __init__(self, inputs, channels):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(inputs, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)), inplace=True)


class ConvNet(nn.Module):
    def __init__(self, width, classes):
        super().__init__()
        self.block1, self.block2, self.block3 = ConvBlock(3, width), ConvBlock(width, 2 * width), ConvBlock(2 * width, 4 * width)
        self.fc = nn.Linear(4 * width, classes)

    def forward(self, x):
        taps = {"block1": self.block1(x)}
        taps["block2"] = self.block2(F.max_pool2d(taps["block1"], 2))
        taps["block3"] = self.block3(F.max_pool2d(taps["block2"], 2))
        taps["pooled"] = taps["block3"].mean((2, 3))
        return self.fc(taps["pooled"]), taps
