"""One cell of the sweep in PyTorch on the CPU, as RepDistiller trains it: `python torch_cell.py '<cell as JSON>'`.

One epoch of random images from memory: the teacher in evaluation mode on each batch, AdamW, then validation; channels last.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'train'))
import torch
from torch.nn import functional as F

from torch_networks import build
from torch_terms import divergence


def pictures(number, cell):
    images = torch.rand(number, 3, cell['size'], cell['size']).to(memory_format=torch.channels_last)
    return images, torch.arange(number) % cell['classes']


def train(student, teacher, cell):
    images, labels = pictures(cell['images'], cell)
    optimizer = torch.optim.AdamW(student.parameters(), 1e-3, weight_decay=5e-4, foreach=True)
    weight, total, correct = cell['ratio'] / (1 - cell['ratio']), 0.0, 0
    student.train()
    for rows in torch.randperm(len(labels)).split(cell['batch']):
        x, y = images[rows], labels[rows]
        with torch.no_grad():
            targets = teacher(x)
        logits = student(x)
        loss = F.cross_entropy(logits, y) + weight * divergence(logits, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(rows)
        correct += (logits.argmax(1) == y).sum().item()
    return total / len(labels), correct / len(labels)


def accuracy(student, cell):
    images, labels = pictures(cell['validation'], cell)
    student.eval()
    with torch.inference_mode():
        chunks = zip(images.split(cell['batch']), labels.split(cell['batch']))
        return sum((student(x).argmax(1) == y).sum().item() for x, y in chunks) / len(labels)


def main():
    cell = json.loads(sys.argv[1])
    torch.set_num_threads(cell['threads'])
    torch.manual_seed(0)
    student, teacher = (
        build(cell[who], cell['classes']).to(memory_format=torch.channels_last) for who in ('student', 'teacher')
    )
    loss, seen = train(student, teacher.eval(), cell)
    print(json.dumps({'loss': loss, 'train': seen, 'validation': accuracy(student, cell)}))


main()
