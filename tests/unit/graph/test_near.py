from __future__ import annotations

import pytest

from jupyter_lifecycle.graph import FeatureGraph, NearNames


@pytest.mark.parametrize(
    ("name", "known", "found"),
    [
        ("alpah", ["alpha"], "alpha"),
        ("alph", ["alpha"], "alpha"),
        ("alphaa", ["alpha"], "alpha"),
        ("alphe", ["alpha"], "alpha"),
        ("alpha", ["alpha"], None),
        ("alxxa", ["alpha"], None),
        ("beta", ["alpha"], None),
        ("lag_1", ["lag_2"], None),
        ("lag_1", ["lag_12"], None),
        ("ab", ["ac"], None),
        ("hub_lod", ["dep_delay", "hub_load"], "hub_load"),
        ("cbaa", ["aabc"], None),
        ("ratte", ["rate"], "rate"),
        ("ates", ["rates"], "rates"),
        ("rata", ["rate"], "rate"),
        ("rtae", ["rate"], "rate"),
        ("tare", ["rate"], None),  # swapped, but not neighbours
        ("ratex", ["rated"], "rated"),
        ("pa", ["pay"], None),
        ("pays", ["pay"], None),
        ("pays", ["paid"], None),
        ("abcd", ["badc"], None),
        ("delays", ["dela"], None),
        ("wind_speed_x", ["wind_speed_y", "wind_sped_x"], "wind_sped_x"),
    ],
)
def test_one_slip_is_near(name, known, found):
    assert NearNames(known).find(name) == found


def test_near_misses_of_a_graph():
    def speed(distance, air_tmie, wether="none"):
        return distance

    def slow(sped, carrier):
        return sped

    graph = FeatureGraph.from_functions(speed, slow)
    known = ["distance", "air_time", "weather", "carrier"]
    assert graph.near_misses(known) == {"air_tmie": "air_time", "sped": "speed"}
    assert graph.near_misses([*known, "air_tmie", "sped"]) == {}
