"""Classification metrics of fixed sets of predictions, by scikit-learn, pycm and SciPy.

    python test/reference/metrics.py > test/fixtures/metrics.json        (numpy, scipy, scikit-learn 1.9, pycm 4.6)

The teacher of each set is the set's own logits, moved. Three numbers are said in plain NumPy: top-5 (scikit-learn's counts
equal logits from the last class, ours from the first; asserted equal where no logits are equal), MPA (the mean of
scikit-learn's recalls over the classes that have images) and ECE's weighted sum over scikit-learn's calibration_curve.
"""
import json
import warnings

import numpy as np
from pycm import ConfusionMatrix
from scipy.special import rel_entr, softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import (accuracy_score, cohen_kappa_score, confusion_matrix, f1_score, log_loss,
                             precision_recall_fscore_support, top_k_accuracy_score)

BINS = 15


def waves(n, c):
    k = np.arange(n * c, dtype=np.float64)
    return (3 * np.sin(1.7 * k + 0.3) + 1.5 * np.cos(0.31 * k)).reshape(n, c).astype(np.float32)


def uneven():
    n, c = 60, 8
    logits = waves(n, c)
    labels = np.array([(i * i + i // 3) % (c - 2) for i in range(n)])  # the last two classes have no image
    logits[np.arange(0, n, 2), labels[::2]] += np.float32(2.5)  # half of the images lean to their class
    logits[:, 2] -= np.float32(20)  # the third class is never predicted
    logits[:, c - 1] -= np.float32(20)  # nor is the last, which so stands nowhere
    return logits, labels


def tied():
    """Logits of few values, so that most images have equal ones, at the top too."""
    i, j = np.indices((48, 7))
    return ((3 * i + 5 * j + i * j) % 4).astype(np.float32), (np.arange(48) * 5 + np.arange(48) // 7) % 7


def balanced():
    n, c = 80, 6
    logits = waves(n, c)
    labels = np.arange(n) % c
    logits[np.arange(n), labels] += np.float32(1.5)
    return logits, labels


SETS = {
    "60 images, 8 classes: one never predicted, two without images, one that stands nowhere": uneven(),
    "equal logits": tied(),
    "every class has images and is predicted": balanced(),
    "two classes": (waves(33, 2), np.arange(33) % 3 % 2),
    "every image missed": (np.eye(3, dtype=np.float32)[[1, 2, 0, 1]] * 4, np.array([0, 1, 2, 0])),
    "one class alone, always found": (np.tile(np.float32([2, 1, 0]), (5, 1)), np.zeros(5, dtype=int)),
}


def reliability(confidence, hit):
    """Count, mean confidence and accuracy of every bin; nulls of an empty one."""
    curve = iter(zip(*calibration_curve(hit, confidence, n_bins=BINS, strategy="uniform")))
    edges = np.linspace(0, 1, BINS + 1)
    counts = np.bincount(np.searchsorted(edges[1:-1], confidence), minlength=BINS)
    rows = []
    for count in counts:
        accuracy, mean = next(curve) if count else (None, None)
        rows.append([int(count), None if mean is None else float(mean), None if accuracy is None else float(accuracy)])
    assert next(curve, None) is None
    return rows


def by_pycm(labels, predicted, names):
    """None where pycm does not define a number."""
    matrix = ConfusionMatrix(labels.tolist(), predicted.tolist(), classes=names)
    number = lambda value: None if value in ("None", None) else float(value)
    overall = {"accuracy": matrix.Overall_ACC, "kappa": matrix.Kappa, "micro_f1": matrix.F1_Micro}
    classes = {"precision": matrix.PPV, "recall": matrix.TPR, "f1": matrix.F1, "support": matrix.P,
               "predicted": matrix.TOP}
    return ({name: number(value) for name, value in overall.items()} |
            {name: [number(value[label]) for label in matrix.classes] for name, value in classes.items()})


def measured(name, logits, labels):
    c = logits.shape[1]
    names = list(range(c))
    z = logits.astype(np.float64)
    p = softmax(z, axis=1)
    predicted = z.argmax(1)
    hit = predicted == labels
    precision, recall, f1, support = precision_recall_fscore_support(labels, predicted, labels=names, zero_division=0)
    bins = reliability(p.max(1), hit)
    top5 = float(np.mean([labels[i] in np.argsort(-z[i], kind="stable")[:5] for i in range(len(z))]))
    if name != "equal logits" and c > 5:  # fewer make every image a hit
        assert top5 == top_k_accuracy_score(labels, z, k=5, labels=names)
    teacher = (0.8 * z + 2 * np.cos(np.arange(z.size).reshape(z.shape))).astype(np.float32)
    q = softmax(teacher.astype(np.float64), axis=1)
    return {
        "name": name, "classes": c, "logits": logits.ravel().tolist(), "labels": labels.tolist(),
        "teacher": teacher.ravel().tolist(),
        "scores": {
            "accuracy": accuracy_score(labels, predicted),
            "mpa": float(recall[support > 0].mean()),
            "top5": top5,
            "nll": log_loss(labels, p, labels=names),
            "ece": sum(n * abs(accuracy - mean) for n, mean, accuracy in bins if n) / len(labels),
            "kappa": float(cohen_kappa_score(labels, predicted, labels=names, replace_undefined_by=0.0)),
            "macro_f1": f1_score(labels, predicted, average="macro", zero_division=0),
            "micro_f1": f1_score(labels, predicted, average="micro", zero_division=0),
            "images": len(labels),
        },
        "teacherScores": {
            "agreement": accuracy_score(teacher.argmax(1), predicted),
            "teacher_kl": float(rel_entr(q, p).sum(1).mean()),
        },
        "bins": bins,
        "confusion": confusion_matrix(labels, predicted, labels=names).tolist(),
        "perClass": {"precision": precision.tolist(), "recall": recall.tolist(), "f1": f1.tolist(),
                     "support": support.tolist()},
        "pycm": by_pycm(labels, predicted, names),
    }


warnings.simplefilter("ignore")  # of ratios with denominator 0, which are 0 here
print(json.dumps([measured(name, *data) for name, data in SETS.items()], allow_nan=False))
