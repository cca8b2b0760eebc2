"""Trains with the program of the original study, pytorch-classifier v1.5, and tells the curves of its trainings.

    git clone --branch pytorch-classifier-v1.5 https://github.com/z1069614715/pytorch-classifier CHECKOUT
    pip install torch torchvision opencv-python-headless grad-cam timm scikit-learn matplotlib prettytable thop rfconv albumentations pycm
    python test/reference/original.py CHECKOUT IMAGES WORK --epochs 24 --image-size 32 --seeds 5 --lr 1e-3

IMAGES has the folders train and val, with a folder a class in each; at least 80 images are in train, of which the program plots five
batches. WORK gets teacher.pth, a state dict of resnet18 that the program trained by seed 0, and curves.json: the mean and standard deviation
by which the program normalises pixels, and for `alone`, `SoftTarget` and `AT` the mobilenetv2 of each seed as a list of epochs, each an
object of the columns of the program's train.log.

The program is of PyTorch 1.13. What it saves are pickled networks, which torch.load of today reads where it is told to; and it needs
Python 3.11 at most, since it imports `imp`.
"""
import argparse
import csv
import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import torch

parser = argparse.ArgumentParser()
parser.add_argument("checkout", type=Path)
parser.add_argument("images", type=Path)
parser.add_argument("work", type=Path)
parser.add_argument("--epochs", type=int, required=True)
parser.add_argument("--image-size", type=int, required=True)
parser.add_argument("--seeds", type=int, required=True)
parser.add_argument("--lr", required=True)
options = parser.parse_args()
checkout, images, work = options.checkout.resolve(), options.images.resolve(), options.work.resolve()
work.mkdir(parents=True, exist_ok=True)
teacher = work / "teacher"


def train(model, seed, folder, *more):
    """Runs the program once, if it has not been; its only way to take a seed is its file of configuration."""
    log = folder / "train.log"
    if not (folder / "learning_rate_curve.png").exists():  # the last thing that it writes
        config = work / f"config-{seed}.py"
        text = (checkout / "config/config.py").read_text(encoding="utf-8")
        config.write_text(re.sub(r"random_seed = \d+", f"random_seed = {seed}", text), encoding="utf-8")
        command = [sys.executable, "main.py", "--model_name", model, "--config", config, "--save_path", folder, "--device", "cpu",
                   "--train_path", images / "train", "--val_path", images / "val", "--image_size", options.image_size,
                   "--epoch", options.epochs, "--lr", options.lr, "--warmup", "--Augment", "AutoAugment", "--workers", 0, *more]
        environment = {**os.environ, "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1", "MPLBACKEND": "agg"}
        with open(work / "program.txt", "w", encoding="utf-8") as said:
            done = subprocess.run([str(word) for word in command], cwd=checkout, env=environment, stdout=said, stderr=said)
        if done.returncode != 0:
            sys.exit(f"{folder.name}: the program failed; what it said is in {said.name}")
    with open(log, encoding="utf-8") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


train("resnet18", 0, teacher)
sys.path.insert(0, str(checkout))  # where the pickle's classes are
warnings.simplefilter("ignore")  # of what they import, about each other
kept = torch.load(teacher / "best.pt", map_location="cpu", weights_only=False)["model"].float()
# Its classifier is a dropout and a linear layer.
torch.save({name.replace("fc.1.", "fc."): values for name, values in kept.state_dict().items()}, work / "teacher.pth")

settings = {
    "alone": [],
    "SoftTarget": ["--kd", "--kd_method", "SoftTarget", "--kd_ratio", 0.7, "--teacher_path", teacher],
    "AT": ["--kd", "--kd_method", "AT", "--kd_ratio", 100, "--teacher_path", teacher],
}
curves = {
    name: [train("mobilenetv2", seed, work / f"{name}-{seed}", *more) for seed in range(options.seeds)]
    for name, more in settings.items()
}
said = (work / "program.txt").read_text(encoding="utf-8")
mean, std = ([float(value) for value in values.split(",")] for values in re.findall(r"Mean:\[(.+?)\] Std:\[(.+?)\]", said)[-1])
(work / "curves.json").write_text(json.dumps({"torch": torch.__version__, "mean_std": [mean, std], "curves": curves}))
