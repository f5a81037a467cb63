"""Features by name, pattern and tag."""

from __future__ import annotations

import pytest

from jupyter_lifecycle.errors import UnboundError
from jupyter_lifecycle.graph import FeatureGraph, feature, tag


@tag(owner="pricing", stage=["raw", "daily"])
def origin_delay(x: int) -> int:
    return x


@feature(tags={"owner": "weather"})
def origin_wind(x: int) -> int:
    return x


def route(origin_wind: int) -> int:
    return origin_wind


GRAPH = FeatureGraph.from_functions(route, origin_delay, origin_wind)


@pytest.mark.parametrize(
    ("terms", "names"),
    [
        (["route"], ["route"]),
        (["x", "route"], ["x", "route"]),
        (["origin_*"], ["origin_delay", "origin_wind"]),
        (["origin_w?nd", "origin_*"], ["origin_wind", "origin_delay"]),
        (["tag:owner"], ["origin_delay", "origin_wind"]),
        (["tag:owner=pricing"], ["origin_delay"]),
        (["tag:owner=w*"], ["origin_wind"]),
        (["tag:stage=daily"], ["origin_delay"]),
        (["tag:stage=raw,daily"], ["origin_delay"]),
        (["*"], ["route", "origin_delay", "origin_wind"]),
        ([], []),
    ],
)
def test_select(terms: list[str], names: list[str]) -> None:
    assert list(GRAPH.select(*terms)) == names


@pytest.mark.parametrize(
    ("term", "message"),
    [
        ("rotue", r"no feature or input rotue\. Did you mean route"),
        ("dest_*", r"called like dest_\*"),
        (
            "tag:owner=prices",
            r"tag owner=prices\. Did you mean pricing\? There is: pricing, weather",
        ),
        ("tag:ownr", r"has a tag ownr\. Did you mean owner"),
    ],
)
def test_a_term_that_means_nothing(term: str, message: str) -> None:
    with pytest.raises(UnboundError, match=message):
        GRAPH.select(term)
