"""Replays Optuna on a recorded table: reads JSON from standard input, writes what each study found by epochs spent."""

import json
import math
import sys
import warnings

import optuna

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
asked = json.load(sys.stdin)
table, orders, rungs, eta = asked["table"], asked["orders"], asked["rungs"], asked["eta"]
temperatures = sorted({one["temperature"] for one in table})


def unit(lr, kd_ratio, temperature):
    """Where a configuration lies in the unit cube."""
    low, high = asked["lr"]
    return (
        math.log(lr / low) / math.log(high / low),
        kd_ratio / asked["kd_ratio"],
        temperatures.index(temperature) / (len(temperatures) - 1),
    )


places = [unit(one["lr"], one["kd_ratio"], one["temperature"]) for one in table]


def nearest(place, tried):
    """The configuration that nobody has tried yet and that is nearest."""
    left = [at for at in range(len(table)) if at not in tried]
    return min(left, key=lambda at: sum((a - b) ** 2 for a, b in zip(places[at], place)))


def halving():
    return optuna.pruners.SuccessiveHalvingPruner(min_resource=rungs[0], reduction_factor=eta)


def hyperband():
    return optuna.pruners.HyperbandPruner(min_resource=rungs[0], max_resource=rungs[-1], reduction_factor=eta)


def replay(order, seed, pruner, sampler):
    """One study over the whole table: the best value after each epoch spent."""
    # Hyperband divides trials among its brackets by a hash of the study's name, which is drawn anew where it is not given.
    study = optuna.create_study(study_name=f"search-{seed}", direction="maximize", pruner=pruner, sampler=sampler)
    tried, found, best = set(), [], 0.0
    for number in range(len(table)):
        trial = study.ask()
        if order is None:
            place = unit(
                trial.suggest_float("lr", *asked["lr"], log=True),
                trial.suggest_float("kd_ratio", 0, asked["kd_ratio"]),
                trial.suggest_categorical("temperature", temperatures),
            )
            chosen = nearest(place, tried)
        else:
            chosen = order[number]
        tried.add(chosen)
        reached, state = 0.0, optuna.trial.TrialState.COMPLETE
        for epoch, value in enumerate(table[chosen]["val_accuracy"], 1):
            reached = max(reached, value)
            best = max(best, value)
            found.append(best)
            trial.report(reached, epoch)
            if epoch < rungs[-1] and trial.should_prune():
                state = optuna.trial.TrialState.PRUNED
                break
        # A pruned trial counts with its last report.
        study.tell(trial, reached if state == optuna.trial.TrialState.COMPLETE else None, state=state)
    return found


def studies(of):
    return [of(seed, order) for seed, order in enumerate(orders)]


def tpe(pruner):
    return studies(lambda seed, _: replay(None, seed, pruner(), optuna.samplers.TPESampler(seed=seed)))


json.dump(
    {
        "version": optuna.__version__,
        "random, SuccessiveHalvingPruner": studies(
            lambda seed, order: replay(order, seed, halving(), optuna.samplers.RandomSampler(seed=seed))
        ),
        "TPE, SuccessiveHalvingPruner": tpe(halving),
        "TPE, HyperbandPruner": tpe(hyperband),
        "TPE, no pruner": tpe(optuna.pruners.NopPruner),
    },
    sys.stdout,
)
