"""How often a difference of two equal ways is called beyond noise at 5 %: src/report/statistics.ts, differenceToPublished.

Runs of one way share their test set, the published run has its own. `python test/reference/published_noise.py` prints,
by number of our runs and spread of seeds, the share of false alarms of Satterthwaite's interval, and of the wider of
that and the runs' own.
"""

import numpy as np
from scipy import stats

IMAGES, SHARE, TRIALS = 2323, 0.75, 200_000
random = np.random.default_rng(0)
binomial = SHARE * (1 - SHARE) / IMAGES

for count in (2, 3, 5):
    for spread in (0.0, 0.002, 0.005, 0.01, 0.02):
        sets = random.normal(0, binomial**0.5, (TRIALS, 2))
        ours = SHARE + random.normal(0, spread, (TRIALS, count)) + sets[:, :1]
        difference = np.abs(ours.mean(1) - (SHARE + random.normal(0, spread, TRIALS) + sets[:, 1]))
        runs = np.maximum(ours.var(1, ddof=1) * (1 + 1 / count), 1e-30)
        both = runs + 2 * binomial
        together = stats.t.sf(difference / both**0.5, (count - 1) * (both / runs) ** 2)
        alone = stats.t.sf(difference / runs**0.5, count - 1)
        wider = np.mean(2 * np.maximum(together, alone) < 0.05)
        print(f"n={count} spread={spread}: Satterthwaite {np.mean(2 * together < 0.05):.3f}, the wider {wider:.3f}")
