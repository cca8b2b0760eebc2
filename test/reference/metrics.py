"""Classification metrics of a fixed set of predictions, by scikit-learn (and a plain loop for the calibration error).

    python test/reference/metrics.py > test/fixtures/metrics.json        (numpy, scikit-learn 1.9)
"""
import json
import math

import numpy as np
from sklearn.metrics import (accuracy_score, confusion_matrix, f1_score, log_loss, precision_recall_fscore_support,
                             top_k_accuracy_score)

N, C = 60, 8
k = np.arange(N * C, dtype=np.float64)
logits = (3 * np.sin(1.7 * k + 0.3) + 1.5 * np.cos(0.31 * k)).reshape(N, C).astype(np.float32)
labels = np.array([(i * i + i // 3) % (C - 2) for i in range(N)])  # the last two classes have no image
logits[np.arange(0, N, 2), labels[::2]] += np.float32(2.5)  # half of the images lean to their class
logits[:, 2] -= np.float32(20)  # the third class is never predicted
logits[:, C - 1] -= np.float32(20)  # nor is the last, which so stands nowhere

z = logits.astype(np.float64)
p = np.exp(z - z.max(1, keepdims=True))
p /= p.sum(1, keepdims=True)
predicted = z.argmax(1)
confidence = p.max(1)
names = list(range(C))
precision, recall, f1, support = precision_recall_fscore_support(labels, predicted, labels=names, zero_division=0)

ece = 0.0
for b in range(15):
    inside = (confidence > b / 15) & (confidence <= (b + 1) / 15)
    if inside.any():
        ece += inside.mean() * abs((predicted[inside] == labels[inside]).mean() - confidence[inside].mean())

present = support > 0
print(json.dumps({
    "note": f"{N} images, {C} classes; the third is never predicted, the last two have no image, the last stands nowhere",
    "logits": [float(v) for v in logits.ravel()],
    "labels": labels.tolist(),
    "accuracy": accuracy_score(labels, predicted),
    "mpa": float(recall[present].mean()),
    "top5": top_k_accuracy_score(labels, z, k=5, labels=names),
    "nll": log_loss(labels, p, labels=names),
    "macro_f1": f1_score(labels, predicted, average="macro", zero_division=0),
    "ece": ece,
    "confusion": confusion_matrix(labels, predicted, labels=names).tolist(),
    "precision": precision.tolist(), "recall": recall.tolist(), "f1": f1.tolist(), "support": support.tolist(),
}, allow_nan=False))
assert math.isfinite(ece)
