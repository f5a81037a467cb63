"""Features that travel: raw rows to a saved envelope give what the notebook's frame gives."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

import jupyter_lifecycle as jl
from jupyter_lifecycle.cache import ColumnCache
from jupyter_lifecycle.envelope import build, open_bundle
from jupyter_lifecycle.envelope.serving import load_service
from jupyter_lifecycle.envelope.travel_offer import MOST, why_not_offered
from jupyter_lifecycle.errors import InputError
from jupyter_lifecycle.notebook import Session
from jupyter_lifecycle.registry import REGISTRY_VARIABLE

RNG = np.random.default_rng(3)
FLIGHTS = pd.DataFrame(
    {
        "origin": RNG.choice(["EWR", "JFK", "LGA"], 300),
        "carrier": RNG.choice(["AA", "UA", "DL"], 300),
        "sched": RNG.integers(500, 2300, 300),
        "distance": RNG.normal(900, 300, 300).round(),
        "delay": RNG.normal(10, 20, 300),
    }
)
WEATHER = pd.DataFrame({"origin": ["EWR", "JFK"], "wind": [11.5, 23.0]})

CODE = '''
def minute(sched):
    """Minutes after midnight."""
    return sched // 100 * 60 + sched % 100

def wind(origin, weather):
    return origin.map(weather.set_index("origin")["wind"])

def carrier_delay(carrier, delay):
    return delay.groupby(carrier).mean()

def usual_delay(carrier, carrier_delay):
    return carrier.map(carrier_delay)

def congestion(origin, sched):
    return sched.groupby(origin).transform("count") * 1.0
'''
X = ["minute", "wind", "usual_delay", "congestion", "distance"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def session():
    session = Session(cache=ColumnCache())
    session.feature(CODE)
    session.inputs(FLIGHTS, weather=WEATHER)
    return session


@pytest.fixture
def model(session):
    frame = session.compute(*X)
    return HistGradientBoostingRegressor(max_iter=20).fit(frame[X], FLIGHTS.delay)


def test_raw_rows_give_the_notebooks_numbers(session, model, tmp_path):
    frame = session.compute(*X)
    steps = []
    bundle = build(
        model,
        name="delay",
        example=frame[X].iloc[20:60],
        training=frame[X].iloc[:250],
        features=session,
        progress=lambda *step: steps.append(step),
    )
    assert [field.name for field in bundle.schema.inputs] == [
        "distance", "sched", "origin", "carrier", "congestion",
    ]  # fmt: skip
    travel = bundle.manifest.lineage["features"]["travel"]
    assert travel["computed"] == ["minute", "wind", "usual_delay"]
    assert travel["frozen"] == ["carrier_delay", "weather"]
    assert travel["columns"] == X
    held = {one["name"]: one["why"] for one in travel["asked"] if "why" in one}
    assert list(held) == ["congestion"]
    assert any(step[0] == "Features tried on single rows" for step in steps)
    assert {one.name for one in bundle.manifest.expectations} == {
        "sched", "origin", "carrier", "distance", "congestion",
    }  # fmt: skip
    assert bundle.manifest.expectations[0].rows == 250

    raw = FLIGHTS.assign(congestion=frame["congestion"])
    asked = raw[[field.name for field in bundle.schema.inputs]]
    expected = model.predict(frame[X])
    np.testing.assert_array_equal(bundle.predict(asked), expected)
    again = open_bundle(bundle.export(tmp_path / "delay"), trust=bundle.id)
    np.testing.assert_array_equal(again.predict(asked.iloc[::-1]), expected[::-1])
    assert type(again.load()).__name__ == "HistGradientBoostingRegressor"


def test_a_service_takes_raw_json(session, model):
    frame = session.compute(*X)
    bundle = build(model, name="delay", example=frame[X].head(30), features=session)
    service = load_service(bundle.path)
    assert service.predict_json(service.example) == service.answers
    row = json.loads(json.dumps(service.example[4]))
    assert service.predict_json(row) == model.predict(frame[X].iloc[[4]])[0]
    with pytest.raises(InputError, match="/minute: is not expected"):
        service.predict_json({**row, "minute": 3})
    unknown = service.predict_json({**row, "origin": "XXX"})  # as a left join in the notebook
    assert unknown == model.predict(frame[X].iloc[[4]].assign(wind=np.nan))[0]


def test_the_same_save_is_the_same_envelope(session, model):
    example = session.compute(*X)[X].head(10)
    one = build(model, name="delay", example=example, features=session)
    other = build(model, name="delay", example=example, features=session)
    assert one.id == other.id


def test_a_graph_alone_is_lineage_and_the_model_takes_its_own_columns(session, model):
    example = session.compute(*X)[X].head(10)
    bundle = build(model, name="delay", example=example, features=session.graph)
    assert [field.name for field in bundle.schema.inputs] == X
    assert "travel" not in bundle.manifest.lineage["features"]
    assert bundle.manifest.model.features is None


def test_rows_without_their_labels_stay_as_they_are(session, model):
    example = session.compute(*X)[X].head(10).set_axis(range(9000, 9010))
    bundle = build(model, name="delay", example=example, features=session)
    assert [field.name for field in bundle.schema.inputs] == X
    assert "labels" in bundle.manifest.lineage["features"]["travel"]["why_not"]


def test_a_feature_that_cannot_be_stored_is_asked_for_by_name(session, model):
    import threading

    lock = threading.Lock()
    namespace = session.namespace
    namespace["lock"] = lock
    session.feature("def guarded(distance):\n    with lock:\n        return distance * 2")
    session.feature("def late(guarded, minute):\n    return guarded + minute")
    frame = session.compute("late", "minute")
    bundle = build(lambda rows: rows["late"], name="x", example=frame.head(5), features=session)
    travel = bundle.manifest.lineage["features"]["travel"]
    assert travel["computed"] == ["minute", "late"]
    held = {one["name"]: one["why"] for one in travel["asked"] if "why" in one}
    assert held == {"guarded": "features['guarded']'s lock holds a lock and cannot be stored"}

    alone = session.compute("guarded").head(5)
    bundle = build(lambda rows: rows["guarded"], name="x", example=alone, features=session)
    assert "holds a lock" in bundle.manifest.lineage["features"]["travel"]["why_not"]


def test_what_reads_a_value_that_cannot_be_stored_is_asked_for_by_name(session):
    import threading

    session.inputs(FLIGHTS, weather=WEATHER, guard=threading.Lock())
    session.feature(
        "def doubled(distance, guard):\n    with guard:\n        return distance * 2\n"
        "def halved(distance):\n    return distance / 2"
    )
    frame = session.compute("doubled", "halved")
    bundle = build(lambda rows: rows["halved"], name="x", example=frame.head(5), features=session)
    travel = bundle.manifest.lineage["features"]["travel"]
    assert travel["computed"] == ["halved"]
    assert [one["name"] for one in travel["asked"] if "why" in one] == ["doubled"]


def test_the_session_offers_it_by_itself_where_that_is_quick(session, model, tmp_path, monkeypatch):
    monkeypatch.setenv(REGISTRY_VARIABLE, "")  # use_registry sets it; taken back after the test
    with jl.Registry(tmp_path / "home") as registry:
        session.use_registry(registry.location)
        frame = session.compute(*X)
        row = FLIGHTS.assign(congestion=frame["congestion"]).iloc[[7]]
        envelope = session.save(model, name="delay", example=frame[X].head(9))
        asked = [field.name for field in envelope.schema.inputs]
        assert "sched" in asked
        assert envelope.predict(row[asked])[0] == model.predict(frame[X].iloc[[7]])[0]

        plain = session.save(model, name="plain", example=frame[X].head(9), features=session.graph)
        assert [field.name for field in plain.schema.inputs] == X
        session.feature(CODE.replace("// 100 * 60", "// 100 * 61"))
        late = session.save(model, name="late", example=frame[X].head(9))
        assert [field.name for field in late.schema.inputs] == X


def test_when_it_is_not_offered(session):
    frame = session.compute(*X)
    assert why_not_offered(session, frame[X]) == ""
    assert why_not_offered(session, {"x": 1}) == "the example is no frame"
    assert why_not_offered(session, FLIGHTS) == "no column of the example is a feature"
    session.feature("def minute(sched):\n    return sched")
    assert "minute was not computed" in why_not_offered(session, frame[X])
    many = "".join(f"def f{at}(sched):\n    return sched + {at}\n" for at in range(MOST))
    session.feature(
        f"{many}\ndef last({', '.join(f'f{at}' for at in range(MOST))}):\n    return f0"
    )
    words = why_not_offered(session, frame[X].assign(last=1))
    assert words.startswith(f"{MOST + 2} features are behind")
