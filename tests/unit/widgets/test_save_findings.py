import pytest

from jupyter_lifecycle.widgets.findings import findings_of


@pytest.fixture
def findings(make_bundle):
    def made(**changes):
        import dataclasses

        manifest = make_bundle("ltv").manifest
        return {item.key: item for item in findings_of(dataclasses.replace(manifest, **changes))}

    return made


def test_what_a_manifest_says(findings):
    found = findings()
    assert found["schema"].text.startswith("1 input, 1 output ")
    assert "(output)" in found["schema"].detail
    assert found["environment"].text == "Python 3.11.9, 1 package locked"
    assert "numpy" in found["environment"].detail
    assert found["example"].text == "1 call, answered by the stored model"
    assert found["features"].text == "No features of this notebook behind it"
    assert found["expectations"].text == "No rows to make a profile of"


def test_features_and_expectations(findings):
    from jupyter_lifecycle.envelope import Expectation

    features = {"count": 27, "columns": ["a", "b"], "inputs": ["x"]}
    found = findings(
        lineage={"features": features},
        expectations=(
            Expectation("a", 1400, 0.25, minimum=0.5, maximum=12000.0),
            Expectation("b", 1400, 0.0, categories=(("<x>", 1.0),)),
            Expectation("c", 1400, 1.0),
        ),
    )
    assert "27 features behind 2 columns, from 1 raw input" in found["features"].text
    assert found["expectations"].text == "Profile of 1,400 rows, no rows kept"
    detail = found["expectations"].detail
    assert "0.5 to 12,000" in detail
    assert "25.0%" in detail
    assert "&lt;x&gt;" in detail


def test_a_graph_that_has_nothing_to_do_with_the_columns(findings):
    nothing = {"count": 0, "columns": [], "inputs": []}
    found = findings(lineage={"features": nothing})
    assert found["features"].text == "No features of this notebook behind it"


def test_a_model_that_answers_otherwise_each_time_and_code_that_travels_by_value(findings):
    from jupyter_lifecycle.envelope.environment import Environment, LocalCode
    from jupyter_lifecycle.envelope.manifest import ExampleInfo

    found = findings(
        example=ExampleInfo(2, repeatable=False),
        environment=Environment("3.11.9", "cpython", "linux", local=(LocalCode("helpers"),)),
    )
    assert "it answers otherwise each time" in found["example"].text
    assert "helpers" in found["environment"].text


def test_features_that_travel_are_counted_and_listed(findings):
    travel = {
        "columns": ["minute", "rank"],
        "computed": ["minute"],
        "frozen": ["weather"],
        "asked": [
            {"name": "sched", "columns": ["sched"]},
            {"name": "rank", "columns": ["rank"], "why": "it <looks> at others"},
        ],
    }
    features = {"count": 2, "columns": ["minute", "rank"], "inputs": ["sched"]}
    found = findings(lineage={"features": features | {"travel": travel}})["features"]
    assert found.text == "1 feature travels, 1 frozen, 1 asked for by name"
    assert "it &lt;looks&gt; at others" in found.detail
    assert found.detail.index("rank") < found.detail.index("weather") < found.detail.index("minute")
    none = findings(lineage={"features": features | {"travel": {"why_not": "labels repeat"}}})
    assert none["features"].text.endswith("None travels: labels repeat")
