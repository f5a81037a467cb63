"""Hamilton's examples and test resources give here what Hamilton's driver gives.

Set HAMILTON_SOURCE to a copy of github.com/apache/hamilton; without it all is skipped.
"""

import pytest

pytest.importorskip("hamilton")

from hamilton_agreement import found, round_trip, run
from hamilton_cases import CASES, ELSEWHERE, NO_ROUND_TRIP, RESOURCES


def _agreed(root, case):
    try:
        outcome = run(root, case)
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] in ("tests", *case.modules):
            raise
        pytest.skip(f"it needs another package: {error}")
    assert outcome.as_expected, outcome.differ or outcome.refused
    return outcome


@pytest.mark.parametrize("case", [*CASES, *RESOURCES], ids=lambda case: case.label)
def test_every_node_agrees(hamilton_source, case):
    outcome = _agreed(hamilton_source, case)
    assert (
        outcome.values + outcome.raised + outcome.not_given + len(outcome.differ) == outcome.nodes
    )


TRIPS = [case for case in [*CASES, *RESOURCES] if case.label not in NO_ROUND_TRIP]


@pytest.mark.parametrize("case", TRIPS, ids=lambda case: case.label)
def test_what_is_exported_gives_the_same_in_hamilton(hamilton_source, case):
    assert round_trip(hamilton_source, case) == {}


@pytest.mark.slow
def test_all_other_modules_agree(hamilton_source):
    known = {(case.folder, case.modules) for case in [*CASES, *RESOURCES]}
    wrong = {}
    for case in found(hamilton_source):
        if (case.folder, case.modules) in known:
            continue
        try:
            outcome = run(hamilton_source, case)
        except Exception:  # noqa: BLE001 - it needs a package or a service that is not here
            continue
        excused = ELSEWHERE.get(case.label, {})
        if outcome.refused and not outcome.theirs_too and "" not in excused:
            wrong[case.label] = outcome.refused
        elif not outcome.differ.keys() <= excused.keys():
            wrong[case.label] = outcome.differ
    assert wrong == {}
