"""One graph with a value of every kind, for tests of engines."""

from __future__ import annotations

import pandas as pd

from jupyter_lifecycle.graph import Collect, FanOut, FeatureGraph

RATE = 1.5


def doubled(price):
    return price * 2


def margin(doubled, cost):
    return doubled * RATE - cost


def mean_margin(margin):
    return float(margin.mean())


def relative(margin, mean_margin):
    return margin / mean_margin


async def awaited(relative):
    return relative + 1


def labels(margin):
    return margin.gt(0).map({True: "gain", False: "loss"}).astype("category")


def table(margin, labels):
    return pd.DataFrame({"m": margin, "l": labels})


def parts(mean_margin) -> FanOut[int]:
    return [1, 2, 3]


def part_sum(parts, margin):
    return float((margin * parts).sum())


def part_sums(part_sum: Collect[float]) -> list[float]:
    return list(part_sum)


class Model:
    def __init__(self, mean):
        self.mean = mean

    def predict(self, column):
        return column - self.mean


def model(mean_margin):
    return Model(mean_margin)


def predicted(model, margin):
    return model.predict(margin)


def raw(price):
    return price.to_numpy()[::2]


EVERYTHING = FeatureGraph.from_functions(
    doubled,
    margin,
    mean_margin,
    relative,
    awaited,
    labels,
    table,
    parts,
    part_sum,
    part_sums,
    model,
    predicted,
    raw,
)


def extended(*functions):
    return EVERYTHING.with_features(*FeatureGraph.from_functions(*functions).features.values())[0]


def value(run, name):
    return run.values[name]  # noqa: PD011 - a run, no frame
