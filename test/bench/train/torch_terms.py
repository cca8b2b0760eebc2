"""Distillation terms of the benches as programs in PyTorch write them (RepDistiller, mdistiller): from the papers, without their code.

A term is a module that is called with both sides' (logits, taps), labels and the images' places in the training split; its parameters are
trained beside the student's. Teachers are frozen.
"""
import torch
from torch import nn
from torch.nn import functional as F

TEMPERATURE = 4


def divergence(student, teacher):
    """T² · mean KL(softmax(teacher / T) ‖ softmax(student / T))."""
    own, target = F.log_softmax(student / TEMPERATURE, 1), F.softmax(teacher / TEMPERATURE, 1)
    return TEMPERATURE**2 * F.kl_div(own, target, reduction='batchmean')


class SoftTarget(nn.Module):
    def forward(self, student, teacher, labels, places):
        return divergence(student[0], teacher[0])


class DKD(nn.Module):
    """Zhao et al., CVPR 2022, α = 1, β = 8: the target against the rest, and the rest among themselves."""

    def forward(self, student, teacher, labels, places):
        target = F.one_hot(labels, student[0].shape[1]).bool()

        def two(logits):
            p = F.softmax(logits / TEMPERATURE, 1)
            return torch.stack([(p * target).sum(1), (p * ~target).sum(1)], 1)

        first = F.kl_div(torch.log(two(student[0])), two(teacher[0]), reduction='batchmean') * TEMPERATURE**2
        without = -1000.0 * target
        return first + 8 * divergence(student[0] + TEMPERATURE * without, teacher[0] + TEMPERATURE * without)


class CRD(nn.Module):
    """Tian, Krishnan, Isola, ICLR 2020: each image among `negatives` others, in a bank of the other side's embeddings."""

    def __init__(self, student, teacher, images=50000, dimension=128, negatives=16384, temperature=0.07, momentum=0.5):
        super().__init__()
        widths = {'student': student['pooled'].shape[1], 'teacher': teacher['pooled'].shape[1]}
        self.embed = nn.ModuleDict({side: nn.Linear(width, dimension) for side, width in widths.items()})
        bound = (dimension / 3) ** -0.5
        for side in widths:
            self.register_buffer(side, torch.rand(images, dimension) * 2 * bound - bound)
        self.images, self.negatives, self.temperature, self.momentum, self.constants = images, negatives, temperature, momentum, {}

    def side(self, name, features, bank, drawn):
        rows = bank.index_select(0, drawn.reshape(-1)).view(*drawn.shape, -1)
        scores = torch.exp(torch.bmm(rows, features.unsqueeze(2)).squeeze(2) / self.temperature)
        if name not in self.constants:
            self.constants[name] = scores.mean().item() * self.images
        scores = scores / self.constants[name]
        noise = self.negatives / self.images
        positive, negative = scores[:, 0], scores[:, 1:]
        total = torch.log(positive / (positive + noise + 1e-7)).sum() + torch.log(noise / (negative + noise + 1e-7)).sum()
        return -total / len(scores)

    def forward(self, student, teacher, labels, places):
        features = {
            side: F.normalize(self.embed[side](taps['pooled']), dim=1)
            for side, (_, taps) in {'student': student, 'teacher': teacher}.items()
        }
        drawn = torch.randint(self.images, (len(labels), 1 + self.negatives))
        drawn[:, 0] = places
        loss = self.side('student', features['student'], self.teacher, drawn) + self.side('teacher', features['teacher'], self.student, drawn)
        with torch.no_grad():
            for side, values in features.items():
                bank = getattr(self, side)
                bank[places] = F.normalize(self.momentum * bank[places] + (1 - self.momentum) * values, dim=1)
        return loss


def hierarchical(student, teacher):
    """Squared differences of the maps and of what they are pooled to at 4², 2² and 1², each half as heavy as the one before."""
    loss, weight, total = F.mse_loss(student, teacher), 1.0, 1.0
    for side in (4, 2, 1):
        if side >= student.shape[2]:
            continue
        weight /= 2
        pooled = [F.adaptive_avg_pool2d(map, side) for map in (student, teacher)]
        loss, total = loss + weight * F.mse_loss(*pooled), total + weight
    return loss / total


class ReviewKD(nn.Module):
    """Chen et al., CVPR 2021: levels are fused from the deepest upwards by attention; the pooled features are the deepest one."""

    def __init__(self, student, teacher, most=512):
        super().__init__()
        self.levels = ['pooled', *sorted((tap for tap in student if tap.startswith('block')), reverse=True)]
        channels = min(most, student['pooled'].shape[1])
        norm = nn.BatchNorm2d
        parts = lambda make: nn.ModuleDict({level: make(level) for level in self.levels})
        self.reduce = parts(lambda l: nn.Sequential(nn.Conv2d(student[l].shape[1], channels, 1, bias=False), norm(channels)))
        self.attend = parts(lambda l: nn.Sequential(nn.Conv2d(2 * channels, 2, 1), nn.Sigmoid()))
        self.expand = parts(
            lambda l: nn.Sequential(nn.Conv2d(channels, teacher[l].shape[1], 3, 1, 1, bias=False), norm(teacher[l].shape[1])))

    def forward(self, student, teacher, labels, places):
        above, loss = None, 0
        for level in self.levels:
            own, target = student[1][level], teacher[1][level]
            own, target = (map if map.dim() == 4 else map[:, :, None, None] for map in (own, target))
            fused = self.reduce[level](own)
            if above is not None:
                above = F.interpolate(above, own.shape[2:], mode='nearest')
                weights = self.attend[level](torch.cat([fused, above], 1))
                fused = fused * weights[:, :1] + above * weights[:, 1:]
            loss = loss + hierarchical(self.expand[level](fused), target)
            above = fused
        return loss


TERMS = {
    'SoftTarget': lambda student, teacher: SoftTarget(),
    'DKD': lambda student, teacher: DKD(),
    'CRD': CRD,
    'ReviewKD': ReviewKD,
}
