"""Writes test/fixtures/statistics.json with scipy: `python test/reference/scipy_statistics.py > test/fixtures/statistics.json`."""

import json
import random

import scipy
from scipy import special, stats

random.seed(20150309)


def numbers(count, centre, spread):
    return [round(random.gauss(centre, spread), 6) for _ in range(count)]


def samples():
    for count in (2, 3, 5, 10, 30):
        yield numbers(count, 0.75, 0.01)
    yield [1e6, 1e6 + 1, 1e6 + 2]
    yield [0.1, 0.1, 0.1]
    yield [-3.5, 4.25, 0.0, 19.0]


def paired():
    for count in (2, 3, 5, 12):
        for gain in (0.0, 0.004, 0.05):
            theirs = numbers(count, 0.74, 0.01)
            ours = [round(x + gain + random.gauss(0, 0.004), 6) for x in theirs]
            test = stats.ttest_rel(ours, theirs)
            interval = test.confidence_interval(0.95)
            yield {
                "ours": ours,
                "theirs": theirs,
                "mean": sum(a - b for a, b in zip(ours, theirs)) / count,
                "p": test.pvalue,
                "low": interval.low,
                "high": interval.high,
            }


def welch():
    for left, right in ((2, 2), (3, 3), (2, 7), (10, 4)):
        for gain, spread in ((0.0, 0.01), (0.02, 0.002), (0.3, 0.05)):
            ours = numbers(left, 0.74 + gain, spread)
            theirs = numbers(right, 0.74, 0.01)
            test = stats.ttest_ind(ours, theirs, equal_var=False)
            interval = test.confidence_interval(0.95)
            yield {
                "ours": ours,
                "theirs": theirs,
                "mean": sum(ours) / left - sum(theirs) / right,
                "p": test.pvalue,
                "low": interval.low,
                "high": interval.high,
            }


def published():
    """d = mean − y; one further draw of the runs (prediction interval), two test sets of `images` (binomial)."""
    for count in (1, 2, 3, 10):
        for images in (None, 100, 2323):
            for gain in (0.0, 0.01, 0.2):
                ours = numbers(count, 0.74 + gain, 0.004)
                value = numbers(1, 0.74, 0.01)[0]
                if count == 1 and images is None:
                    continue
                mean = sum(ours) / count
                runs = 0.0 if count == 1 else float(stats.tvar(ours)) * (1 + 1 / count)
                # stats.binom's variance of a count, over N² for that of a share.
                sets = 0.0 if images is None else sum(stats.binom.var(images, p) / images**2 for p in (mean, value))
                degrees = float("inf") if runs == 0 else (runs + sets) ** 2 / (runs**2 / (count - 1))
                law, error = stats.t(degrees), (runs + sets) ** 0.5
                alone, own = stats.t(max(count - 1, 1)), runs**0.5
                if alone.ppf(0.975) * own > law.ppf(0.975) * error:
                    law, error = alone, own
                half = float(law.ppf(0.975)) * error
                yield {
                    "ours": ours,
                    "published": value,
                    "images": images,
                    "mean": mean - value,
                    "p": float(2 * law.sf(abs(mean - value) / error)),
                    "low": mean - value - half,
                    "high": mean - value + half,
                }


print(
    json.dumps(
        {
            "scipy": scipy.__version__,
            "describe": [{"values": v, "mean": float(stats.tmean(v)), "sd": float(stats.tstd(v))} for v in samples()],
            "beta": [
                {"x": x, "a": a, "b": b, "value": float(special.betainc(a, b, x))}
                for a, b in ((0.5, 0.5), (1, 0.5), (2.5, 0.5), (14, 0.5), (3, 7), (150, 0.5), (0.7, 12))
                for x in (1e-12, 0.01, 0.2, 0.5, 0.9, 0.999999)
            ],
            "two_sided": [
                {"t": t, "degrees": d, "p": float(2 * stats.t.sf(t, d))}
                for d in (1, 2, 2.7, 4, 9, 29.5, 200)
                for t in (0.001, 0.5, 1, 2, 4.3, 12, 60)
            ],
            "two_sided_many": [
                {"t": t, "degrees": d, "p": float(2 * (stats.norm.sf(t) if d is None else stats.t.sf(t, d)))}
                for d in (9999, 10001, 99999, 1e7, 1e12, None)
                for t in (0.001, 0.5, 1, 1.7, 1.8, 2, 4.3, 12)
            ],
            "critical": [
                {"level": level, "degrees": d, "t": float(stats.t.ppf((1 + level) / 2, d))}
                for level in (0.5, 0.9, 0.95, 0.99, 0.999)
                for d in (1, 1.3, 2, 3, 4, 9, 29.5, 200)
            ],
            "paired": list(paired()),
            "welch": list(welch()),
            "published": list(published()),
        },
        indent=1,
    )
)
