"""The benches' networks in PyTorch."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'reference'))
from networks import ResNet

WIDE = (32, 64, 128, 256)
CIFAR = {'resnet20': (20,), 'resnet8x4': (8, WIDE), 'resnet32x4': (32, WIDE)}


class Logits(ResNet):
    """The tests' network, logits alone."""

    def forward(self, x):
        return super().forward(x)[0]


def build(name, classes):
    if name in CIFAR:
        depth, *channels = CIFAR[name]
        return Logits(depth, classes, *channels)
    if name == 'ghostnet':
        import timm

        return timm.create_model('ghostnet_100', num_classes=classes)
    import torchvision

    torchvision_name = {'mobilenetv2': 'mobilenet_v2'}.get(name, name)
    return getattr(torchvision.models, torchvision_name)(num_classes=classes)


def taps_of(model, x):
    """Logits, and what lies before them by its name where the network tells."""
    return ResNet.forward(model, x) if isinstance(model, Logits) else (model(x), {})
